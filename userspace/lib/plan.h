/* SPDX-License-Identifier: MIT */
/*
 * plan.h - the planner's and executor's structures (private to liblxa: plan*.c, exec*.c, report.c).
 *
 * plan.c drives; plan_enc.c knows how quantized float values and device codes correspond, plan_store.c whether few levels are bytes
 * for the shift lanes or nibbles for bit planes; plan_weights.c and plan_plain.c turn constant weights into codes, plan_pack.c pixels of few channels into full lanes,
 * plan_split.c layers that are too big into several jobs; plan_head.c and plan_match.c find the nodes that one device layer covers; plan_fold.c and
 * plan_thresh.c make the output stage from them. exec*.c run, exec_mem.c holds the values of a batch as floats and as
 * packed codes.
 */
#ifndef LXA_LIB_PLAN_H
#define LXA_LIB_PLAN_H

#include "graph.h"
#include "lxa_layer.h"
#include "quant_ops.h"

#define PLAN_MAX_CHAIN 16

struct dnn;			/* dnn.h */
struct dnn_buf;

/*
 * A tensor's values as device codes: value = sign * unit * (2^((q-1)/s) for log codes, q + offset for integers, 1 for bits).
 */
struct plan_enc {
	uint8_t fmt;			/* enum lxa_fmt */
	int sqrt2;			/* log codes in half octaves */
	int max;			/* largest code (log), magnitude (integers), 1 (bits) */
	int lo, hi;			/* smallest and largest code */
	int offset;			/* integers */
	int bits, is_signed;		/* of a nibble (LXA_FMT_N4) */
	double unit;
	char text[16];			/* "log4", "u8", "b1" */
	/* the quantizer, to make codes from floats and floats from codes */
	enum lxa_quantizer kind;	/* LXA_QUANTIZER_NONE: Sign */
	struct lxa_logq logq;
	int sfsr;
	struct lxa_quant quant;
	float scale;
	struct lxa_mthresh multi;
	int first;			/* the integer that multi's lowest value is */
};

struct plan_weights {
	uint8_t fmt;			/* enum lxa_wfmt */
	int sqrt2;
	int bits, is_signed;		/* of bit planes */
	int8_t *codes;			/* out_c x n, OIHW */
	double *unit;			/* out_c */
	char text[16];
};

/* Packed pixels, made by the encoder. */
struct plan_pack {
	int on, rows;			/* rows: kernel rows are in a pixel, too */
	struct lxa_job job;		/* the layer's geometry as the graph has it */
	char note[80];
};

/* One job of a layer that is too big for one (plan_split.c). */
struct plan_part {
	struct lxa_job job;
	struct lxa_layout lay;
	uint32_t c0, o0;		/* its first input and output channel in the layer */
	int ky;				/* the one kernel row it has, or -1: all */
	uint8_t fill;			/* with a row: what rows of the border hold */
	uint8_t *wgt, *par;		/* packed */
	uint64_t wgt_at, par_at;	/* in the constants buffer */
	uint64_t in_at, out_at;		/* in the split buffer */
};

struct plan_layer {
	int n_nodes, nodes[PLAN_MAX_CHAIN]; /* the head first, in order */
	int pool;			/* index into nodes of the MaxPool, or -1 */
	int quant;			/* of the output quantizer, or -1: the output is float, from int32 */
	int res;			/* index into nodes of the Add whose other operand is the residual, or -1 */
	int in_value, out_value, res_value; /* res_value -1: none */
	struct plan_enc in_enc, out_enc, res_enc;
	struct plan_weights w;
	double *unit;			/* out_c: value of a total T of 1 */
	float *bias;			/* out_c: the head's own bias, or NULL */
	double *out_unit;		/* out_c: value of 1 in an int32 output */
	int ndim;			/* of the head's output: 4, 3 (one row), or 2 for a matrix product */
	struct plan_pack pack;
	struct lxa_layer layer;
	char what[64];
	char note[160];			/* how exact the output stage is */
	struct plan_part *parts;	/* n_parts jobs instead of one; 0: it fits */
	int n_parts;
	/* exec */
	uint64_t wgt_at, par_at;	/* in the constants buffer */
	struct lxa_layer_report rep;
};

struct plan_node {
	struct lxa_plan_entry e;
	int unused;			/* a CPU node whose outputs nobody needs: not run */
	char reason[400], needs[400];
	struct lxa_layer_report rep;	/* CPU nodes */
};

/* What a device layer has to do with a value; the same for every batch. */
struct plan_slot {
	int maker;			/* layer that makes the packed form, or -1: encoded here */
	int users;			/* layers that read the packed form */
	const struct plan_enc *enc;	/* how it is encoded; NULL: no layer reads it */
	const struct plan_layer *packer; /* the layer for which it is encoded in packed pixels, or NULL */
	uint64_t bytes;			/* packed, one image; 0: it has no packed form */
	int keep;			/* tasks that may read it, and 1 for an output: how long its floats are kept */
};

/* A value in a batch under way: where it is, in how many forms. */
struct plan_value {
	struct lxa_tensor t;		/* float (or declared) form; data NULL: not there */
	struct dnn_buf *blk;		/* in oneDNN's layout, or NULL */
	struct lxa_bo *bo;		/* the packed form's place, with a device */
	uint8_t *packed;		/* the same for the CPU; of this struct without a device */
	int have_packed;		/* the packed form is valid, or a job that was collected makes it */
	enum { PLAN_NOT_YET, PLAN_QUEUED, PLAN_READY } made; /* queued: a job will have made it */
	int busy;			/* layers under way on the device that read or write it */
	int keep;			/* of plan_slot.keep, those still to come */
};

/* A batch under way. A plan has memory for two: while the device works on one, the CPU has the other. */
struct plan_batch {
	struct lxa_plan *p;
	int ready;			/* its memory is there */
	int64_t first, n;		/* images */
	struct plan_value *v;		/* per value */
	struct lxa_bo *split;		/* parts' tensors, one layer at a time */
	int split_busy;
	uint8_t *done;			/* per task */
	uint8_t *on_device;		/* per layer: it was run there (not in float) */
	int left, from;			/* tasks that are not done; the first of them */
	int under_way;			/* layers collected or submitted */
};

/* What is run at once (exec_task.c). */
struct plan_task {
	enum { TASK_NODE, TASK_STEP, TASK_LAYER, TASK_CHECK } kind;
	int index;			/* of the node, step or layer */
	int n_in, n_keep;
	int *in;			/* values that it waits for */
	int *keep;			/* values that it may read, each once */
};

/*
 * For tests: told what is done, in order. index: of the layer (submitted, ended, encoded, decoded, checked) or output
 * (stored).
 */
enum plan_did { PLAN_DID_SUBMIT, PLAN_DID_END, PLAN_DID_ENCODE, PLAN_DID_DECODE, PLAN_DID_CHECK, PLAN_DID_NODE, PLAN_DID_STORE };

struct plan_watch {
	void (*did)(void *ctx, enum plan_did what, int index, int64_t first_image);
	void *ctx;
	int serial;			/* one batch, one layer at a time */
};

struct lxa_model {
	char *path;
	struct lxa_graph *g;
};

struct lxa_plan {
	struct lxa_graph *g;
	struct lxa_device *dev;
	struct lxa_cpu *cpu;
	struct lxa_caps caps;
	int64_t batch;
	int fixed;			/* the model declares its batch */
	struct lxa_tensor *folded;	/* per value: constants computed while planning */
	uint8_t *stores;		/* per node: enum plan_store, what its values are kept as */
	int *uses;			/* per value: readers among the other nodes and graph outputs */
	struct plan_node *nodes;
	struct plan_layer **layers;
	int n_layers;
	struct kpool *pool;		/* threads of the kernels; NULL: the caller alone */
	/* exec */
	struct dnn *dnn;		/* nodes that oneDNN runs in its own layouts */
	struct plan_slot *slots;	/* per value */
	struct plan_task *tasks;
	int n_tasks;
	struct lxa_bo *consts;
	struct plan_batch batches[2];
	struct plan_watch watch;
	uint8_t *check;			/* room for one layer's output */
};

/* ---- plan.c ---- */
const struct lxa_tensor *plan_const(const struct lxa_plan *p, int value); /* NULL when not constant or absent (-1) */
int plan_consumer(const struct lxa_plan *p, int value);	/* the one node that reads it, or -1 */
int plan_const_channels(const struct lxa_tensor *t, int ndim, uint32_t n, double *out); /* 1: one a channel or scalar */

/* ---- plan_enc.c ---- */
/* The encoding of a quantizer node's output; 0, or -EOPNOTSUPP with the reason. */
int plan_enc_node(const struct lxa_plan *p, int node, struct plan_enc *e, struct lxa_err *err);
/* The encoding of any value, traced back to its quantizer through nodes that only select or move values. */
int plan_enc_value(const struct lxa_plan *p, int value, struct plan_enc *e, struct lxa_err *err);
int plan_enc_code(const struct plan_enc *e, float x);		/* b1: 0 or 1 */
float plan_enc_float(const struct plan_enc *e, int code);
int plan_is_quantizer(const struct lxa_node *n);
/* QuantizeLinear, and DequantizeLinear with the same scale and zero point: together a quantizer, which the second stands for. */
int plan_enc_pair(const struct lxa_plan *p, const struct lxa_node *q, const struct lxa_node *dq);
int plan_only_moves(const struct lxa_node *n);	/* its output holds values of its first input and no others */

/* ---- plan_store.c ---- */
/* How integers lo..hi from quantizer `node` are kept: decided once, by what its readers do with them. */
enum plan_store {
	PLAN_STORE_UNKNOWN, PLAN_STORE_BYTES, PLAN_STORE_NIBBLES,
	PLAN_STORE_OFFSET_BYTES, PLAN_STORE_OFFSET_NIBBLES,	/* codes count from lo */
};
enum plan_store plan_store(const struct lxa_plan *p, int node, int lo, int hi);
int plan_width(int lo, int hi);	/* bits that hold these integers, two's complement when some are negative */

/* ---- plan_weights.c ---- */
/* Float weights as a matrix out_c x n: element (oc, i) of the tensor is at oc * so + i * si. */
struct plan_matrix {
	uint32_t out_c, n;
	size_t so, si;
};
int plan_plain_weights(const struct lxa_tensor *t, const struct plan_matrix *m, struct plan_weights *w); /* plan_plain.c; 1: found */
int plan_weights(const struct lxa_plan *p, int value, const struct plan_matrix *m, const struct plan_enc *act,
		 struct plan_weights *w, struct lxa_err *err);

/* ---- plan_head.c ---- */
int plan_onnx_op(const struct lxa_node *n, const char *op);
int plan_is_head(const struct lxa_node *n);	/* Conv, Gemm, MatMul */
int plan_head_known(const struct lxa_plan *p, int node);	/* shapes of its input, weights and output are */
uint64_t plan_node_macs(const struct lxa_plan *p, int node);
int64_t plan_attr_at(const struct lxa_node *n, const char *name, size_t i, int64_t dflt);
void plan_axis_pads(const struct lxa_node *n, int i, int nd, int64_t in, int64_t out, int64_t k, int64_t s, int64_t *begin,
		    int64_t *end);
int plan_head_conv(const struct lxa_plan *p, const struct lxa_node *n, struct plan_layer *l, struct lxa_job *j,
		   struct plan_matrix *m, struct lxa_err *err);
int plan_head_matrix(const struct lxa_plan *p, const struct lxa_node *n, struct plan_layer *l, struct lxa_job *j,
		     struct plan_matrix *m, struct lxa_err *err);
int plan_head_bias(const struct lxa_plan *p, const struct lxa_node *n, struct plan_layer *l, uint32_t out_c,
		   struct lxa_err *err);

/* ---- plan_match.c ---- */
int plan_match(const struct lxa_plan *p, int head, struct plan_layer *l, struct lxa_err *err);
void plan_formats(const struct lxa_plan *p, struct plan_layer *l, struct lxa_job *j); /* in_enc's and w's in the job, no pool */
void plan_layer_free(struct plan_layer *l);

/* ---- plan_needs.c ---- */
void plan_needs(struct lxa_plan *p, int node);	/* fills the entry's needs, once all nodes have their places */
uint64_t plan_cpu_bytes(const struct lxa_plan *p, int node);
uint64_t plan_device_bytes(const struct lxa_plan *p, const struct plan_layer *l);

/* ---- plan_pack.c ---- */
/* Where packed pixels use the lanes better, job and weights become those of the packed layer. 0 or -ENOMEM. */
int plan_pack(const struct lxa_plan *p, struct plan_layer *l, struct lxa_job *j, struct lxa_err *err);
void plan_pack_put(const struct plan_layer *l, uint8_t *image, uint32_t c, uint32_t y, uint32_t x, uint8_t code);

/* ---- plan_split.c ---- */
/* Parts for a layer that does not fit; -EOPNOTSUPP with the reason, -ENOMEM. */
int plan_split(struct plan_layer *l, struct lxa_err *err);
void plan_split_free(struct plan_layer *l);
uint64_t plan_split_bytes(const struct lxa_plan *p, struct plan_layer *l, int64_t batch, int assign);
void plan_split_gather(const struct plan_batch *b, const struct plan_layer *l);	/* the parts' inputs */
void plan_split_scatter(const struct plan_batch *b, const struct plan_layer *l);	/* their outputs */
void plan_split_job(const struct plan_batch *b, const struct plan_layer *l, int i, struct lxa_job *j);

/* ---- plan_fold.c ---- */
/* The chain as y = a * T + b + r * residual, per channel; relu: clipped at 0 on the way; then clipped to lo..hi, the last thing of all. */
struct plan_affine {
	double *a, *b, r;
	int relu, clip;
	float lo, hi;
};
int plan_collapse(const struct lxa_plan *p, const struct plan_layer *l, int end, struct plan_affine *f); /* nodes before `end`; 1: it is one */
/* Multiplier, shift and bias with ((T + bias) * mult) >> shift close to m * T + k. 0 when out of range. */
int plan_scale(double m, double k, struct lxa_channel *ch);
int plan_fold(const struct lxa_plan *p, struct plan_layer *l, struct lxa_err *err);
int plan_negative_after(const struct lxa_plan *p, const struct plan_layer *l, int from, uint32_t *channel);

/* ---- plan_res.c ---- */
/* The value that Add n adds to the chain's `value`, which the layer's residual operand can be; -1: it cannot. Fills l->res_enc. */
int plan_res_operand(const struct lxa_plan *p, const struct lxa_node *n, int value, struct plan_layer *l);
/* Residual in the job, for r times its values in units of v. whole: only if that is exact. 0: it cannot be. */
int plan_res_scale(struct plan_layer *l, double r, int whole);
void plan_res_clear(struct plan_layer *l);
/* Thresholds on sum and residual together; 1, 0 when they cannot be, or a negative errno. */
int plan_res_thresholds(const struct lxa_plan *p, struct plan_layer *l, int levels, struct lxa_channel *chan, struct lxa_err *err);

/* ---- plan_thresh.c ---- */
/* Where the chain behind node `from` reaches each level: levels x channels floats within -most..most; -INFINITY always, INFINITY never. */
int plan_thresholds_behind(const struct lxa_plan *p, struct plan_layer *l, int from, int levels, float most, float *y, struct lxa_err *err);
int plan_thresholds(const struct lxa_plan *p, struct plan_layer *l, int levels, struct lxa_channel *chan,
		    struct lxa_err *err);

/* ---- exec_mem.c ---- */
int plan_mem_init(struct lxa_plan *p, struct lxa_err *err);
void plan_mem_free(struct lxa_plan *p);
int plan_mem_batch(struct lxa_plan *p, int i, struct lxa_err *err); /* memory for batch i, if it has none yet */
void plan_value_drop(struct plan_batch *b, int value);	/* floats and oneDNN's form; the packed one stays */
/* 1 when every value has a code; 0: some do not (a Sign's 0, NaN), packed is then of no use. */
int plan_encode(const struct lxa_plan *p, const struct plan_slot *s, const struct lxa_tensor *t, uint8_t *packed);
int plan_decode(const struct lxa_plan *p, const struct plan_layer *l, int64_t batch, const uint8_t *packed,
		struct lxa_tensor *t, struct lxa_err *err);

/* ---- exec_task.c ---- */
int plan_tasks(struct lxa_plan *p, struct lxa_err *err);
void plan_tasks_free(struct lxa_plan *p);

/* ---- plan_cycles.c ---- */
uint64_t plan_cycles(const struct lxa_plan *p, const struct plan_layer *l); /* predicted for one image, see lxa.h */
uint64_t plan_cycles_job(const struct lxa_caps *caps, const struct lxa_job *j); /* of one image in one job; 0: does not fit */

#endif
