/* A training step of a multi-layer perceptron, written by hand for sizes known when compiled.

   FORWARD and BACKWARD list the layers in that order, each as
       L(layer, inputs, outputs, what its inputs are called, what their slopes are called)
   the inputs of layer 0 being x. HIGHEST is the number of the last layer, CLASSES its outputs.
   An epoch has STEPS batches of LANES samples, but FEWER in the last one. */

#include "vectors.h"

/* Weights w[output][input] and biases b; outputs h[output][lane] and slopes d[output][lane]: how
   the loss changes with a neuron's sum, without the 1/count of the mean. */
#define L(k, nin, nout, before, slopes)                                                          \
    static double w##k[nout * STRIDE(nin)] ALIGNED, b##k[PADDED(nout)] ALIGNED;                  \
    static double h##k[PADDED(nout) * STRIDE(LANES)] ALIGNED;                                    \
    static double d##k[PADDED(nout) * STRIDE(LANES)] ALIGNED;
FORWARD
#undef L

#define JOINED(a, b) a##b
#define JOIN(a, b) JOINED(a, b)
#define SCORES JOIN(h, HIGHEST)
#define SLOPES JOIN(d, HIGHEST)
enum { LANE_STRIDE = STRIDE(LANES) };

static double turned[WIDEST * PADDED(LANES)] ALIGNED; /* outputs of a layer, [lane][output] */

/* All batches: inputs as [input][lane] and as [lane][input], targets as [lane]. */
static const double *by_input, *by_sample, *targets;

/* Mean of max(0, 1 - target * score). */
INLINE double hinge(const double *t, const int count) {
    vec losses = {};
    for (int v = 0; v < VECTORS(count); v++) {
        vec y = load(t + v * WIDTH), margin = 1 - y * load(SCORES + v * WIDTH);
        mask wrong = (margin > 0) & (numbered() + v * WIDTH < count);
        losses += choose(wrong, margin);
        store(SLOPES + v * WIDTH, choose(wrong, -y));
    }
    return sum(losses) / count;
}

INLINE double squares(const double *p, const int n) {
    double total = 0;
    for (int i = 0; i < n; i++) total += p[i] * p[i];
    return total;
}

/* The update of a layer's biases: slopes summed over the lanes, several rows at a time. */
INLINE void move_biases(double *b, const double *d, const int rows, const int width,
                        const double rate, const double keep) {
    for (int m = 0; m < PADDED(rows); m += WIDTH) {
        vec totals[WIDTH] = {};
        for (int v = 0; v < width; v++)
#pragma GCC unroll 8
            for (int r = 0; r < WIDTH; r++)
                totals[r] += load(d + (m + r) * LANE_STRIDE + v * WIDTH);
        store(b + m, keep * load(b + m) - rate * sums_of(totals));
    }
}

/* One step on the first `count` lanes. */
INLINE double step_on(const double *x, const double *xs, const double *t, const int count) {
    const int width = VECTORS(count);
    const double rate = RATE / count, keep = 1 - 2 * RATE * PENALTY;
    double loss, squared = 0;
#define L(k, nin, nout, before, slopes)                                                          \
    product(k == HIGHEST ? ADD_BIAS : BIAS_RELU, nout, width, nin, w##k, STRIDE(nin), 1, before,  \
            LANE_STRIDE, h##k, LANE_STRIDE, (struct extra){.bias = b##k});
    FORWARD
#undef L
#ifdef HINGE
    loss = hinge(t, count);
#else
    loss = cross_entropy(SCORES, SLOPES, t, CLASSES, LANE_STRIDE, count);
#endif
#define L(k, nin, nout, before, slopes)                                                          \
    if (k > 0)                                                                                   \
        product(WHERE_ACTIVE, nin, width, nout, w##k, 1, STRIDE(nin), d##k, LANE_STRIDE, slopes, \
                LANE_STRIDE, (struct extra){.active = before});                                  \
    if (PENALTY > 0) squared += squares(w##k, nout * STRIDE(nin)) + squares(b##k, nout);         \
    if (k > 0 && nout <= count)                                                                  \
        descend_by_dots(nout, PADDED(nin), count, d##k, before, LANE_STRIDE, w##k, STRIDE(nin),  \
                        (struct extra){.rate = rate, .keep = keep});                             \
    else {                                                                                       \
        if (k > 0) transpose(nin, width, before, LANE_STRIDE, turned, PADDED(nin));              \
        product(DESCEND, nout, VECTORS(nin), count, d##k, LANE_STRIDE, 1, k > 0 ? turned : xs,   \
                k > 0 ? PADDED(nin) : STRIDE(nin), w##k, STRIDE(nin),                            \
                (struct extra){.rate = rate, .keep = keep});                                     \
    }                                                                                            \
    move_biases(b##k, d##k, nout, width, rate, keep);
    BACKWARD
#undef L
    return loss + PENALTY * squared;
}

static double step_at(long batch) {
    const double *x = by_input + batch * (INPUTS * LANE_STRIDE), *t = targets + batch * LANE_STRIDE;
    const double *xs = by_sample + batch * (LANES * STRIDE(INPUTS));
    if (FEWER != LANES && batch == STEPS - 1) return step_on(x, xs, t, FEWER);
    return step_on(x, xs, t, LANES);
}

double one_step(long batch) { return step_at(batch); }

double many_steps(long batch, long steps) {
    double loss = 0;
    for (long i = 0; i < steps; i++) {
        loss = step_at(batch);
        batch = batch + 1 == STEPS ? 0 : batch + 1;
    }
    return loss;
}

void use_data(const double *x, const double *xs, const double *t) {
    by_input = x, by_sample = xs, targets = t;
}

/* All parameters, layer by layer, a row of weights for each output, then the biases. */
void put_parameters(const double *p) {
#define L(k, nin, nout, before, slopes)                                                          \
    for (int m = 0; m < nout; m++, p += nin) memcpy(w##k + m * STRIDE(nin), p, 8 * (nin));       \
    memcpy(b##k, p, 8 * (nout)), p += nout;
    FORWARD
#undef L
}

void get_parameters(double *p) {
#define L(k, nin, nout, before, slopes)                                                          \
    for (int m = 0; m < nout; m++, p += nin) memcpy(p, w##k + m * STRIDE(nin), 8 * (nin));       \
    memcpy(p, b##k, 8 * (nout)), p += nout;
    FORWARD
#undef L
}

/* How far apart the rows of the data have to be: of lanes, and of inputs. */
long lane_stride(void) { return LANE_STRIDE; }
long input_stride(void) { return STRIDE(INPUTS); }
