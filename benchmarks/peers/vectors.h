/* What the programs written by hand share: vectors, the exponential, one tiled matrix product.

   A vector is as wide as the processor's registers. Matrices are rows of doubles, each padded to
   whole vectors; "lanes" are the columns, one sample each, so that samples lie side by side. */

#include <math.h>
#include <string.h>

#if defined(WIDTH)
#elif defined(__AVX512F__)
#define WIDTH 8
#elif defined(__AVX__)
#define WIDTH 4
#else
#define WIDTH 2
#endif

/* A tile of so many vectors of sums stays in the registers during a product. */
#define TILE (WIDTH == 8 ? 24 : WIDTH == 4 ? 12 : 8)
#define COLUMNS (WIDTH == 8 ? 4 : 2)
#define COLUMNS_FOR(rows) ((rows) == 1 ? 8 : (rows) < 4 ? 4 : COLUMNS)
#define ROWS_FOR(columns) SMALLER(8, TILE / (columns))

typedef double vec __attribute__((vector_size(8 * WIDTH)));
typedef long long mask __attribute__((vector_size(8 * WIDTH)));

#define INLINE static inline __attribute__((always_inline))
#define ALIGNED __attribute__((aligned(64)))
#define VECTORS(n) (((n) + WIDTH - 1) / WIDTH)
#define PADDED(n) (VECTORS(n) * WIDTH)
/* Rows that lie a multiple of 512 bytes apart would share few sets of the cache. */
#define STRIDE(n) (PADDED(n) % 64 ? PADDED(n) : PADDED(n) + 8)
#define SMALLER(a, b) ((a) < (b) ? (a) : (b))

INLINE vec load(const double *p) { return *(const vec *)p; }
INLINE void store(double *p, vec v) { *(vec *)p = v; }
INLINE vec all(double x) { return x - (vec){}; }
INLINE vec choose(mask m, vec v) { return (vec)(m & (mask)v); } /* v, or 0 where m is false */

INLINE vec larger(vec a, vec b) {
#if WIDTH == 8 && defined(__AVX512F__)
    return (vec)__builtin_ia32_maxpd512_mask((vec)a, (vec)b, (vec){}, -1, 4);
#elif WIDTH == 4 && defined(__AVX__)
    return (vec)__builtin_ia32_maxpd256(a, b);
#else
    mask m = a > b;
    return (vec)((m & (mask)a) | (~m & (mask)b));
#endif
}

/* Keep a number in a register: no second load, no simplification across this line. */
#if defined(__AVX__)
#define KEEP(v) __asm__("" : "+v"(v))
#elif defined(__SSE2__)
#define KEEP(v) __asm__("" : "+x"(v))
#elif defined(__aarch64__)
#define KEEP(v) __asm__("" : "+w"(v))
#else
#define KEEP(v) __asm__("" : "+m"(v))
#endif

INLINE double sum(vec v) {
    double s = 0;
    for (int i = 0; i < WIDTH; i++) s += v[i];
    return s;
}

INLINE vec numbered(void) { /* 0, 1, 2, ... */
    vec v = {};
    for (int i = 0; i < WIDTH; i++) v[i] = i;
    return v;
}

/* e**x for -700 <= x <= 0, and e**-700 below: x = k ln 2 + r, and the series of e**r, whose terms
   from the 13th on are less than a rounding. Adding 1.5 * 2**52 rounds to a whole number, which
   then is in the lowest bits; KEEP, or the compiler would simplify that away. The rounding of ln 2
   counts only where k is large, and e**x next to nothing. */
INLINE vec exponential(vec x) {
    const double large = 0x1.8p52;
    x = larger(x, all(-700.0));
    vec rounded = x * 1.4426950408889634 + large;
    KEEP(rounded);
    vec r = x - (rounded - large) * 0.6931471805599453, r2 = r * r, r4 = r2 * r2;
    vec low = (1 + r) + r2 * (1 / 2.0 + r * (1 / 6.0));
    vec middle = (1 / 24.0 + r * (1 / 120.0)) + r2 * (1 / 720.0 + r * (1 / 5040.0));
    vec high = (1 / 40320.0 + r * (1 / 362880.0)) + r2 * (1 / 3628800.0 + r * (1 / 39916800.0));
    vec power_of_2 = (vec)(((mask)rounded + 1023) << 52);
    return (low + r4 * (middle + r4 * (high + r4 * (1 / 479001600.0)))) * power_of_2;
}

/* What becomes of a finished tile of sums. */
enum finish {
    ADD_BIAS,     /* out = sums + bias of the row */
    BIAS_RELU,    /* the same, and 0 where negative */
    PLAIN,        /* out = sums */
    RELU,         /* out = sums, and 0 where negative */
    ADDED,        /* out += sums */
    WHERE_ACTIVE, /* out = sums where `active` is above 0, else 0 */
    DESCEND       /* out = keep * out - rate * sums: the update of weights */
};

struct extra {
    const double *bias, *active;
    double rate, keep;
};

/* One tile of out[m][n] = sum over k of a[m * a_row + k * a_term] * b[k * b_row + n]. */
INLINE void tile(const enum finish finish, const int rows, const int columns, const int terms,
                 const double *a, const long a_row, const long a_term, const double *b,
                 const long b_row, double *out, const long out_row, const struct extra extra) {
    vec sums[8][8];
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
        const int biased = finish == ADD_BIAS || finish == BIAS_RELU;
        if (finish == DESCEND) __builtin_prefetch(out + r * out_row, 1);
#pragma GCC unroll 8
        for (int c = 0; c < columns; c++) sums[r][c] = biased ? all(extra.bias[r]) : (vec){};
    }
#pragma GCC unroll 4
    for (int k = 0; k < terms; k++) {
        vec right[8];
#pragma GCC unroll 8
        for (int c = 0; c < columns; c++) right[c] = load(b + k * b_row + c * WIDTH);
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++) {
            vec left = all(a[r * a_row + k * a_term]);
#pragma GCC unroll 8
            for (int c = 0; c < columns; c++) sums[r][c] += left * right[c];
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int c = 0; c < columns; c++) {
            const long at = r * out_row + c * WIDTH;
            vec s = sums[r][c];
            if (finish == BIAS_RELU || finish == RELU) s = larger(s, (vec){});
            if (finish == WHERE_ACTIVE) s = choose(load(extra.active + at) > 0, s);
            if (finish == ADDED) s += load(out + at);
            if (finish == DESCEND) s = extra.keep * load(out + at) - extra.rate * s;
            store(out + at, s);
        }
}

/* The whole product; `width` counts vectors. All rows of a band of columns are done before the
   next band, in tiles of two heights that differ by 1. */
INLINE void product(const enum finish finish, const int rows, const int width, const int terms,
                    const double *a, const long a_row, const long a_term, const double *b,
                    const long b_row, double *out, const long out_row, const struct extra extra) {
    const int columns = COLUMNS_FOR(rows), rest = width % columns;
    int n = 0, m;
#define TILES(count, height, columns)                                                            \
    for (int i = 0; i < count; i++, m += height)                                                 \
        tile(finish, height, columns, terms, a + m * a_row, a_row, a_term, b + n * WIDTH, b_row, \
             out + m * out_row + n * WIDTH, out_row,                                             \
             (struct extra){extra.bias + m, extra.active + m * out_row + n * WIDTH, extra.rate,  \
                            extra.keep});
#define BAND(columns)                                                                            \
    {                                                                                            \
        const int most = ROWS_FOR(columns), tiles = (rows + most - 1) / most;                    \
        const int height = (rows + tiles - 1) / tiles, tall = rows - tiles * (height - 1);       \
        m = 0;                                                                                   \
        TILES(tall, height, columns)                                                             \
        if (tiles > tall) TILES(tiles - tall, height - 1, columns)                               \
    }
    for (; n + columns <= width; n += columns) BAND(columns)
    if (rest) BAND(rest)
#undef BAND
#undef TILES
}

/* Pairs of vectors exchange every second number (1), pair of numbers (2), half (4). */
#if WIDTH == 8
#define EVEN1 (mask){0, 8, 2, 10, 4, 12, 6, 14}
#define ODD1 (mask){1, 9, 3, 11, 5, 13, 7, 15}
#define EVEN2 (mask){0, 1, 8, 9, 4, 5, 12, 13}
#define ODD2 (mask){2, 3, 10, 11, 6, 7, 14, 15}
#define EVEN4 (mask){0, 1, 2, 3, 8, 9, 10, 11}
#define ODD4 (mask){4, 5, 6, 7, 12, 13, 14, 15}
#define STAGES(F) F(1) F(2) F(4)
#elif WIDTH == 4
#define EVEN1 (mask){0, 4, 2, 6}
#define ODD1 (mask){1, 5, 3, 7}
#define EVEN2 (mask){0, 1, 4, 5}
#define ODD2 (mask){2, 3, 6, 7}
#define STAGES(F) F(1) F(2)
#else
#define EVEN1 (mask){0, 2}
#define ODD1 (mask){1, 3}
#define STAGES(F) F(1)
#endif

/* The sums of WIDTH vectors, as one vector. */
INLINE vec sums_of(vec *v) {
#define STAGE(s)                                                                                 \
    _Pragma("GCC unroll 8") for (int i = 0; i < WIDTH; i += 2 * s)                               \
        v[i] = __builtin_shuffle(v[i], v[i + s], EVEN##s) +                                      \
               __builtin_shuffle(v[i], v[i + s], ODD##s);
    STAGES(STAGE)
#undef STAGE
    return v[0];
}

/* out[n][m] = a[m][n]; `rows` is padded to whole vectors, `width` counts vectors. */
INLINE void transpose(const int rows, const int width, const double *a, const long a_row,
                      double *out, const long out_row) {
    for (int m = 0; m < rows; m += WIDTH)
        for (int n = 0; n < width * WIDTH; n += WIDTH) {
            vec t[WIDTH];
            _Pragma("GCC unroll 8") for (int i = 0; i < WIDTH; i++)
                t[i] = load(a + (m + i) * a_row + n);
#define STAGE(s)                                                                                 \
    _Pragma("GCC unroll 8") for (int i = 0; i < WIDTH; i++) if (!(i & s)) {                      \
        vec even = __builtin_shuffle(t[i], t[i + s], EVEN##s);                                   \
        t[i + s] = __builtin_shuffle(t[i], t[i + s], ODD##s);                                    \
        t[i] = even;                                                                             \
    }
            STAGES(STAGE)
#undef STAGE
            _Pragma("GCC unroll 8") for (int i = 0; i < WIDTH; i++)
                store(out + (n + i) * out_row + m, t[i]);
        }
}

/* Some rows of the update below, WIDTH columns. */
INLINE void dots(const int rows, const int lanes, const double *a, const double *b,
                 const long stride, double *out, const long out_row, const struct extra extra) {
    vec sums[2][WIDTH] = {};
#pragma GCC unroll 1
    for (int l = 0; l < lanes; l += WIDTH) {
        vec right[WIDTH];
#pragma GCC unroll 8
        for (int c = 0; c < WIDTH; c++) {
            right[c] = load(b + c * stride + l);
            KEEP(right[c]);
        }
#pragma GCC unroll 2
        for (int r = 0; r < rows; r++) {
            vec left = load(a + r * stride + l);
            KEEP(left);
#pragma GCC unroll 8
            for (int c = 0; c < WIDTH; c++) sums[r][c] += left * right[c];
        }
    }
#pragma GCC unroll 2
    for (int r = 0; r < rows; r++) {
        double *p = out + r * out_row;
        store(p, extra.keep * load(p) - extra.rate * sums_of(sums[r]));
    }
}

/* out[m][n] = keep * out[m][n] - rate * sum over lanes of a[m][lane] * b[n][lane]: the update of
   weights without turning anything; faster than a product where there are fewer rows than lanes. */
INLINE void descend_by_dots(const int rows, const int columns, const int lanes, const double *a,
                            const double *b, const long stride, double *out, const long out_row,
                            const struct extra extra) {
    for (int n = 0; n < columns; n += WIDTH) {
        int m = 0;
        for (; m + 2 <= rows; m += 2)
            dots(2, lanes, a + m * stride, b + n * stride, stride, out + m * out_row + n, out_row,
                 extra);
        if (rows % 2)
            dots(1, lanes, a + m * stride, b + n * stride, stride, out + m * out_row + n, out_row,
                 extra);
    }
}

/* Mean of -log(softmax(scores)[target]), scores[class][lane], over the first `count` lanes, and its
   slopes, without the 1/count. A logarithm serves 16 sums of exponentials at once: each is between
   1 and `classes`, so that their product is no inf. */
INLINE double cross_entropy(const double *scores, double *slopes, const double *targets,
                            const int classes, const long stride, const int count) {
    vec product_of_sums = all(1);
    double logarithms = 0, picked = 0;
    for (int v = 0; v < VECTORS(count); v++) {
        const double *s = scores + v * WIDTH;
        double *d = slopes + v * WIDTH;
        const mask live = numbered() + v * WIDTH < count;
        vec top = load(s), total = {};
        for (int k = 1; k < classes; k++) top = larger(top, load(s + k * stride));
        for (int k = 0; k < classes; k++) {
            vec e = exponential(load(s + k * stride) - top);
            store(d + k * stride, e);
            total += e;
        }
        const vec scale = choose(live, 1 / total);
        for (int k = 0; k < classes; k++) store(d + k * stride, load(d + k * stride) * scale);
        for (int i = 0; i < SMALLER(WIDTH, count - v * WIDTH); i++) {
            const long at = (long)targets[v * WIDTH + i] * stride + i;
            picked += s[at] - top[i];
            d[at] -= 1;
        }
        product_of_sums *= choose(live, total) + choose(~live, all(1));
        if (v % 16 == 15 || v == VECTORS(count) - 1) {
            for (int i = 0; i < WIDTH; i++) logarithms += log(product_of_sums[i]);
            product_of_sums = all(1);
        }
    }
    return (logarithms - picked) / count;
}
