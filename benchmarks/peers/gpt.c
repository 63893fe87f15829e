/* A training step of a one-layer transformer on one document, written by hand.

   FEATURES numbers for a token, in HEADS heads; HIDDEN neurons behind the attention; VOCABULARY
   tokens, PLACES positions, of which POSITIONS are used. A lane is a position: x[feature][lane]
   holds the document. FEATURES and HIDDEN are whole vectors. */

#include "vectors.h"

enum { F = FEATURES, P = POSITIONS, WIDE = VECTORS(P), S = PADDED(P), HEAD = F / HEADS };
_Static_assert(F % WIDTH == 0 && HIDDEN % WIDTH == 0 && F % HEADS == 0, "sizes are whole vectors");

static struct { /* weights[output][input] */
    double wte[VOCABULARY * F], wpe[PLACES * F], lm[VOCABULARY * F], wqkv[3 * F * F], wo[F * F];
    double f1[HIDDEN * F], f2[F * HIDDEN];
} w ALIGNED;

static int tokens[P + 1];
static double targets[S] ALIGNED;

/* What each stage makes of x0, the embedded tokens; behind each d the slopes of the same. */
static double x0[F * S] ALIGNED, x1[F * S] ALIGNED, x2[F * S] ALIGNED, x3[F * S] ALIGNED;
static double x4[F * S] ALIGNED, x5[F * S] ALIGNED, qkv[3 * F * S] ALIGNED, heads[F * S] ALIGNED;
static double hidden[HIDDEN * S] ALIGNED, scores[VOCABULARY * S] ALIGNED;
static double attention[HEADS][S * S] ALIGNED; /* [key][lane of the query] */
static double d0[F * S] ALIGNED, d1[F * S] ALIGNED, d2[F * S] ALIGNED, d3[F * S] ALIGNED;
static double d4[F * S] ALIGNED, d5[F * S] ALIGNED, dqkv[3 * F * S] ALIGNED, dheads[F * S] ALIGNED;
static double dhidden[HIDDEN * S] ALIGNED, dscores[VOCABULARY * S] ALIGNED;
static double dattention[S * S] ALIGNED, turned[(HIDDEN + S) * S] ALIGNED;
static double scale1[S] ALIGNED, scale2[S] ALIGNED, scale4[S] ALIGNED;

static const struct extra none;

/* y = x over its root mean square. */
INLINE void normed(const double *x, double *y, double *scale) {
    for (int v = 0; v < WIDE * WIDTH; v += WIDTH) {
        vec squares = {}, s;
        for (int f = 0; f < F; f++) squares += load(x + f * S + v) * load(x + f * S + v);
        squares = squares * (1.0 / F) + 1e-5;
        for (int i = 0; i < WIDTH; i++) s[i] = 1 / sqrt(squares[i]);
        store(scale + v, s);
        for (int f = 0; f < F; f++) store(y + f * S + v, load(x + f * S + v) * s);
    }
}

/* dx = slopes of x from those of y, added to `besides` if there is any. */
INLINE void normed_back(const double *y, const double *scale, const double *dy,
                        const double *besides, double *dx) {
    for (int v = 0; v < WIDE * WIDTH; v += WIDTH) {
        vec dots = {}, s = load(scale + v);
        for (int f = 0; f < F; f++) dots += load(y + f * S + v) * load(dy + f * S + v);
        dots *= 1.0 / F;
        for (int f = 0; f < F; f++) {
            vec d = s * (load(dy + f * S + v) - load(y + f * S + v) * dots);
            store(dx + f * S + v, besides ? d + load(besides + f * S + v) : d);
        }
    }
}

/* out = weights * x */
INLINE void through(const enum finish finish, const int outputs, const int inputs,
                    const double *weights, const double *x, double *out) {
    product(finish, outputs, WIDE, inputs, weights, inputs, 1, x, S, out, S, none);
}

/* dx = weights turned * d, and the update of the weights, which saw x. */
INLINE void back(const enum finish finish, const int outputs, const int inputs, double *weights,
                 const double *x, const double *d, double *dx) {
    product(finish, inputs, WIDE, outputs, weights, 1, inputs, d, S, dx, S,
            (struct extra){.active = x});
    transpose(inputs, WIDE, x, S, turned, inputs);
    product(DESCEND, outputs, VECTORS(inputs), P, d, S, 1, turned, inputs, weights, inputs,
            (struct extra){.rate = RATE / P, .keep = 1});
}

/* Softmax over the keys that are not behind the query. */
INLINE void attend(double *a) {
    const double sharpness = 1 / sqrt(HEAD);
    for (int v = 0; v < WIDE; v++) {
        const vec lane = numbered() + v * WIDTH;
        const int keys = SMALLER(P, (v + 1) * WIDTH); /* none of the others can be seen */
        vec top = load(a + v * WIDTH), total = {};
        for (int k = 1; k < keys; k++) top = larger(top, load(a + k * S + v * WIDTH));
        for (int k = 0; k < keys; k++) {
            double *p = a + k * S + v * WIDTH;
            vec e = choose(lane >= k, exponential((load(p) - top) * sharpness));
            store(p, e);
            total += e;
        }
        vec scale = 1 / total;
        for (int k = 0; k < P; k++) {
            double *p = a + k * S + v * WIDTH;
            store(p, k < keys ? load(p) * scale : (vec){});
        }
    }
}

INLINE void attend_back(const double *a, double *d) {
    const double sharpness = 1 / sqrt(HEAD);
    for (int v = 0; v < WIDE * WIDTH; v += WIDTH) {
        vec dots = {};
        for (int k = 0; k < P; k++) dots += load(a + k * S + v) * load(d + k * S + v);
        for (int k = 0; k < P; k++)
            store(d + k * S + v, load(a + k * S + v) * (load(d + k * S + v) - dots) * sharpness);
    }
}

static double step(void) {
    for (int p = 0; p < P; p++)
        for (int f = 0; f < F; f++) turned[p * F + f] = w.wte[tokens[p] * F + f] + w.wpe[p * F + f];
    transpose(S, F / WIDTH, turned, F, x0, S);
    normed(x0, x1, scale1);
    normed(x1, x2, scale2);
    through(PLAIN, 3 * F, F, w.wqkv, x2, qkv);
    for (int h = 0; h < HEADS; h++) {
        const double *q = qkv + h * HEAD * S, *k = q + F * S, *v = k + F * S;
        product(PLAIN, P, WIDE, HEAD, k, 1, S, q, S, attention[h], S, none);
        attend(attention[h]);
        product(PLAIN, HEAD, WIDE, P, v, S, 1, attention[h], S, heads + h * HEAD * S, S, none);
    }
    memcpy(x3, x1, sizeof x1);
    through(ADDED, F, F, w.wo, heads, x3);
    normed(x3, x4, scale4);
    through(RELU, HIDDEN, F, w.f1, x4, hidden);
    memcpy(x5, x3, sizeof x3);
    through(ADDED, F, HIDDEN, w.f2, hidden, x5);
    through(PLAIN, VOCABULARY, F, w.lm, x5, scores);
    double loss = cross_entropy(scores, dscores, targets, VOCABULARY, S, P);

    back(PLAIN, VOCABULARY, F, w.lm, x5, dscores, d5);
    back(WHERE_ACTIVE, F, HIDDEN, w.f2, hidden, d5, dhidden);
    back(PLAIN, HIDDEN, F, w.f1, x4, dhidden, d4);
    normed_back(x4, scale4, d4, d5, d3);
    back(PLAIN, F, F, w.wo, heads, d3, dheads);
    for (int h = 0; h < HEADS; h++) {
        const int at = h * HEAD * S;
        const double *q = qkv + at, *k = q + F * S, *v = k + F * S, *d = dheads + at;
        double *dq = dqkv + at, *dk = dq + F * S, *dv = dk + F * S;
        product(PLAIN, P, WIDE, HEAD, v, 1, S, d, S, dattention, S, none);
        attend_back(attention[h], dattention);
        product(PLAIN, HEAD, WIDE, P, k, S, 1, dattention, S, dq, S, none);
        transpose(S, WIDE, dattention, S, turned, S);
        product(PLAIN, HEAD, WIDE, P, q, S, 1, turned, S, dk, S, none);
        transpose(S, WIDE, attention[h], S, turned, S);
        product(PLAIN, HEAD, WIDE, P, d, S, 1, turned, S, dv, S, none);
    }
    back(PLAIN, 3 * F, F, w.wqkv, x2, dqkv, d2);
    normed_back(x2, scale2, d2, d3, d1);
    normed_back(x1, scale1, d1, 0, d0);
    transpose(F, WIDE, d0, S, turned, F);
    for (int p = 0; p < P; p++)
        for (int f = 0; f < F; f++) {
            w.wte[tokens[p] * F + f] -= RATE / P * turned[p * F + f];
            w.wpe[p * F + f] -= RATE / P * turned[p * F + f];
        }
    return loss;
}

double one_step(long batch) { return (void)batch, step(); }

double many_steps(long batch, long steps) {
    double loss = 0;
    (void)batch;
    for (long i = 0; i < steps; i++) loss = step();
    return loss;
}

void use_tokens(const int *all_tokens) {
    memcpy(tokens, all_tokens, sizeof tokens);
    for (int p = 0; p < P; p++) targets[p] = tokens[p + 1];
}

void put_parameters(const double *p) { memcpy(&w, p, sizeof w); }

void get_parameters(double *p) { memcpy(p, &w, sizeof w); }
