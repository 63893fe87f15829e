/* What the programs written by hand share: vectors, the exponential, one tiled matrix product.

   A vector is as wide as the processor's registers. Matrices are rows of doubles, each row padded to
   whole vectors; "lanes" are the columns, one sample each, so that samples lie side by side. */

#include <math.h>
#include <string.h>

#if defined(__AVX512F__)
#define WIDTH 8
#elif defined(__AVX__)
#define WIDTH 4
#else
#define WIDTH 2
#endif

/* A tile of so many vectors of sums stays in the registers during a product. */
#ifndef TILE
#define TILE (WIDTH == 8 ? 24 : WIDTH == 4 ? 12 : 8)
#endif
#ifndef COLUMNS
#define COLUMNS (WIDTH == 8 ? 4 : 2)
#endif
#define COLUMNS_FOR(rows) ((rows) == 1 ? 8 : (rows) < 4 ? 4 : COLUMNS)
#define ROWS_FOR(columns) SMALLER(8, TILE / (columns))
#ifndef UNROLL
#define UNROLL 4
#endif
#ifndef BLOCK
#define BLOCK 256 /* terms of a sum at a time, so that what a tile reads stays in the first cache */
#endif

enum { UNROLLED = UNROLL };

typedef double vec __attribute__((vector_size(8 * WIDTH)));
typedef long long mask __attribute__((vector_size(8 * WIDTH)));
typedef int half __attribute__((vector_size(4 * WIDTH)));

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
#if defined(__AVX512F__)
    return (vec)__builtin_ia32_maxpd512_mask((vec)a, (vec)b, (vec){}, -1, 4);
#elif defined(__AVX__)
    return (vec)__builtin_ia32_maxpd256(a, b);
#else
    mask m = a > b;
    return (vec)((m & (mask)a) | (~m & (mask)b));
#endif
}

#define KEEP(v) __asm__("" : "+x"(v)) /* in a register: no second load */

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

/* e**x for x <= 0: x = k ln 2 + r, and a polynomial in r; below -700 as at -700. */
INLINE vec exponential(vec x) {
    x = larger(x, all(-700.0));
    half k = __builtin_convertvector(x * 1.4426950408889634 - 0.5, half);
    vec whole = __builtin_convertvector(k, vec);
    vec r = x - whole * 0x1.62e42fefa3800p-1 - whole * 0x1.ef35793c76730p-45;
    vec r2 = r * r, r4 = r2 * r2;
    vec low = (1 + r) + r2 * (0.5 + r * (1 / 6.0)) + r4 * ((1 / 24.0 + r * (1 / 120.0)) + r2 * (1 / 720.0 + r * (1 / 5040.0)));
    vec high = (1 / 40320.0 + r * (1 / 362880.0)) + r2 * (1 / 3628800.0 + r * (1 / 39916800.0)) + r4 * (1 / 479001600.0 + r * (1 / 6227020800.0));
    mask power = (__builtin_convertvector(k, mask) + 1023) << 52;
    return (low + r4 * r4 * high) * (vec)power;
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
INLINE void tile(const enum finish finish, const int rows, const int columns, const int first,
                 const int terms, const int last, const double *a, const long a_row,
                 const long a_term, const double *b, const long b_row, double *out,
                 const long out_row, const struct extra extra) {
    vec sums[8][8];
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
        if (finish == DESCEND) __builtin_prefetch(out + r * out_row, 1);
#pragma GCC unroll 8
        for (int c = 0; c < columns; c++) {
            if (!first) sums[r][c] = load(out + r * out_row + c * WIDTH);
            else if (finish == ADD_BIAS || finish == BIAS_RELU) sums[r][c] = all(extra.bias[r]);
            else sums[r][c] = (vec){};
        }
    }
#pragma GCC unroll UNROLLED
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
            double *p = out + r * out_row + c * WIDTH;
            vec s = sums[r][c];
            if (last && (finish == BIAS_RELU || finish == RELU)) s = larger(s, (vec){});
            if (last && finish == WHERE_ACTIVE)
                s = choose(load(extra.active + r * out_row + c * WIDTH) > 0, s);
            if (finish == ADDED) s += load(p);
            if (finish == DESCEND) s = extra.keep * load(p) - extra.rate * s;
            store(p, s);
        }
}

/* All rows of a band of columns, in tiles of two heights that differ by 1. */
INLINE void band(const enum finish finish, const int rows, const int columns, const int first,
                 const int terms, const int last, const double *a, const long a_row,
                 const long a_term, const double *b, const long b_row, double *out,
                 const long out_row, const struct extra extra) {
    const int most = ROWS_FOR(columns), tiles = (rows + most - 1) / most;
    const int height = (rows + tiles - 1) / tiles, tall = rows - tiles * (height - 1);
    int m = 0;
#define SOME(count, height)                                                                      \
    for (int i = 0; i < count; i++, m += height) {                                               \
        const struct extra here = {extra.bias + m, extra.active + m * out_row, extra.rate,       \
                                   extra.keep};                                                  \
        tile(finish, height, columns, first, terms, last, a + m * a_row, a_row, a_term, b,       \
             b_row, out + m * out_row, out_row, here);                                           \
    }
    SOME(tall, height)
    if (tiles > tall) SOME(tiles - tall, height - 1)
#undef SOME
}

/* The whole product; `width` counts vectors. */
INLINE void product(const enum finish finish, const int rows, const int width, const int terms,
                    const double *a, const long a_row, const long a_term, const double *b,
                    const long b_row, double *out, const long out_row, const struct extra extra) {
    const int columns = COLUMNS_FOR(rows), rest = width % columns;
    /* only sums that lie in memory meanwhile can be made in pieces */
    const int whole = finish == ADDED || finish == DESCEND || terms <= BLOCK + BLOCK / 2;
    const int block = whole ? terms : BLOCK;
    for (int k = 0; k < terms; k += block) {
        const int some = SMALLER(block, terms - k);
        int n = 0;
#define BAND(columns, first, last)                                                                \
    {                                                                                            \
        const struct extra here = {extra.bias, extra.active + n * WIDTH, extra.rate, extra.keep}; \
        band(finish, rows, columns, first, some, last, a + k * a_term, a_row, a_term,            \
             b + k * b_row + n * WIDTH, b_row, out + n * WIDTH, out_row, here);                  \
    }
#define BANDS(first, last)                                                                       \
    {                                                                                            \
        for (; n + columns <= width; n += columns) BAND(columns, first, last)                    \
        if (rest) BAND(rest, first, last)                                                        \
    }
        if (whole) BANDS(1, 1)
        else if (k == 0) BANDS(1, 0)
        else if (k + block < terms) BANDS(0, 0)
        else BANDS(0, 1)
    }
#undef BANDS
#undef BAND
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
        v[i] = __builtin_shuffle(v[i], v[i + s], EVEN##s) + __builtin_shuffle(v[i], v[i + s], ODD##s);
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

/* out[m][n] = keep * out[m][n] - rate * sum over lanes of a[m][lane] * b[n][lane]: the update of
   weights with nothing turned, for `rows` and `columns` (padded: there have to be rows of b). */
INLINE void descend_by_dots(const int rows, const int columns, const int lanes, const double *a,
                            const double *b, const long stride, double *out, const long out_row,
                            const struct extra extra) {
    const int most = 2;
    const int tiles = (rows + most - 1) / most;
    const int height = (rows + tiles - 1) / tiles, tall = rows - tiles * (height - 1);
    for (int n = 0; n < columns; n += WIDTH) {
        int m = 0;
#define SOME(count, height)                                                                      \
    for (int i = 0; i < count; i++, m += height) {                                               \
        vec sums[4][WIDTH];                                                                      \
        _Pragma("GCC unroll 8") for (int r = 0; r < height; r++)                                 \
            _Pragma("GCC unroll 8") for (int c = 0; c < WIDTH; c++) sums[r][c] = (vec){};        \
        _Pragma("GCC unroll 1") for (int l = 0; l < lanes; l += WIDTH) {                         \
            vec right[WIDTH];                                                                    \
            _Pragma("GCC unroll 8") for (int c = 0; c < WIDTH; c++) {                            \
                right[c] = load(b + (n + c) * stride + l);                                       \
                KEEP(right[c]);                                                                  \
            }                                                                                    \
            _Pragma("GCC unroll 8") for (int r = 0; r < height; r++) {                           \
                vec left = load(a + (m + r) * stride + l);                                       \
                KEEP(left);                                                                      \
                _Pragma("GCC unroll 8") for (int c = 0; c < WIDTH; c++)                          \
                    sums[r][c] += left * right[c];                                               \
            }                                                                                    \
        }                                                                                        \
        _Pragma("GCC unroll 8") for (int r = 0; r < height; r++) {                               \
            double *p = out + (m + r) * out_row + n;                                             \
            store(p, extra.keep * load(p) - extra.rate * sums_of(sums[r]));                      \
        }                                                                                        \
    }
        SOME(tall, height)
        if (tiles > tall) SOME(tiles - tall, height - 1)
#undef SOME
    }
}
