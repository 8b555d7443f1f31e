/* SPDX-License-Identifier: MIT */
/*
 * lxa.h - liblxa, and its manual.
 *
 * Three layers, each usable without the next, and what they share. liblxa(3) and its pages say the same at more length.
 *   1. device, buffers, jobs    thin C over the ioctls of uapi/lxa.h, on hardware or the simulated device
 *   2. operations               one quantized convolution: pack weights, submit, wait
 *   3. models                   load an ONNX file, plan what the device takes, run it
 *   4. tensors and errors
 *   5. profiles                 where the time goes
 *   6. quantizing               a quantized model of a float one
 *
 * Conventions. Functions return 0 or a negative errno; where they take a struct lxa_err (never NULL) they then leave a
 * sentence in it that names what failed and where. Sizes are in elements unless a name says bytes; times in
 * milliseconds (_ms) or seconds (_s); image tensors are NCHW, row-major, dense. Pointers returned by "get" functions
 * belong to the object they come from and live as long as it does. What a function creates, the matching free/close
 * function frees; those accept NULL. Other pointers must not be NULL unless it says so. Where a "create" function fails it
 * stores NULL. A device that has gone (unbound, unplugged) gives -ENODEV, and so does a parent's simulated device in a fork()ed
 * child.
 *
 * Thread-safety. Functions on different objects may run at the same time. All functions that take a struct lxa_device may be called
 * by several threads on one, except lxa_device_close; so may those of its buffers, except lxa_bo_free. Plans and operations that share
 * a device get the records of their own jobs; a program that reads records itself (lxa_event_read, poll) does so on a device that
 * no plan or operation runs on: opening the same path again gives one. A struct lxa_operation or lxa_plan belongs to one thread
 * at a time. A loaded lxa_model is read-only: several plans, in several threads, may share it. A lxa_profile is for any number of
 * threads. What a function gets as const or fills in must not be changed by another thread meanwhile.
 */
#ifndef LXA_H
#define LXA_H

#include <stddef.h>
#include <stdint.h>

#include "uapi/lxa.h"
#include "uapi/lxa_layout.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- 4. errors and tensors -------------------------------------------------------------------------- */

struct lxa_err {
	char text[512];			/* a sentence without a newline; "" when nothing failed */
};

/* Write the sentence, cut off where it is too long, and return code: for callers that add functions in the same style. */
int lxa_err_set(struct lxa_err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Text for enum lxa_reject: which field of a job the driver's validator refused. Never NULL. */
const char *lxa_reject_name(uint32_t reason);

#define LXA_MAX_DIMS 8

/*
 * Element types: ONNX's TensorProto.DataType numbers. Float16, bfloat16 and float8 are stored as their bits; 4-bit integers
 * take one byte each, sign- or zero-extended. Which operator takes which types: OPERATORS.md.
 */
enum lxa_dtype {
	LXA_F32 = 1, LXA_UINT8 = 2, LXA_INT8 = 3, LXA_UINT16 = 4, LXA_INT16 = 5, LXA_INT32 = 6, LXA_INT64 = 7,
	LXA_BOOL = 9, LXA_F16 = 10, LXA_F64 = 11, LXA_UINT32 = 12, LXA_UINT64 = 13, LXA_BF16 = 16,
	LXA_F8E4M3FN = 17, LXA_F8E4M3FNUZ = 18, LXA_F8E5M2 = 19, LXA_F8E5M2FNUZ = 20, LXA_UINT4 = 21, LXA_INT4 = 22,
};

struct lxa_tensor {
	enum lxa_dtype dtype;
	int ndim;			/* 0: scalar */
	int64_t dims[LXA_MAX_DIMS];
	void *data;			/* malloc'ed and owned by this struct, or NULL */
};

size_t lxa_dtype_size(enum lxa_dtype t);	/* bytes; 0 for an unknown type */
int64_t lxa_tensor_count(const struct lxa_tensor *t); /* elements, 1 for a scalar; negative: a bad dimension, or too many */
int lxa_tensor_alloc(struct lxa_tensor *t);	/* data for dtype and dims, zeroed; 0 or -ENOMEM (also: such a tensor cannot be) */
void lxa_tensor_free(struct lxa_tensor *t);	/* frees data and sets it to NULL; dims stay */

/*
 * Tensor files, told by ending: .npy (NumPy 1.0/2.0, C order, little-endian) and .pb (ONNX TensorProto). Read sets all of *t and
 * allocates t->data; after an error there is nothing to free. A file is written under another name first and then renamed.
 * Errors: that of the file (-ENOENT, -EACCES, -ENOSPC, ...), -EINVAL (not such a file, damaged, a type or shape that is not
 * supported, another ending), -ENOMEM; the sentence names the file.
 */
int lxa_tensor_read(const char *path, struct lxa_tensor *t, struct lxa_err *err);
int lxa_tensor_write(const char *path, const struct lxa_tensor *t, struct lxa_err *err);

/* ---- 1. device, buffers, jobs ----------------------------------------------------------------------- */

struct lxa_device;
struct lxa_bo;

/*
 * Open a device and make a context on it. path: a device node ("/dev/lxa0"), "sim:rtl" or "sim:model" (a simulated
 * device inside this process; every opener of the same name in a process shares it, "sim:rtl,nr=1" is another),
 * "unix:PATH" (the device of a `lxa daemon`, shared with other processes), or NULL:
 * the environment variable LXA_DEVICE, else /dev/lxa0 when it exists, else "sim:rtl".
 * Errors: -ENOENT, -EACCES (the node), -EMFILE (too many open files), -EPROTO (another ABI version), -EINVAL (unknown name),
 * -ECONNREFUSED (no daemon), -EOPNOTSUPP (an option or an engine that this build does not have), -ENOMEM.
 */
int lxa_device_open(const char *path, struct lxa_device **out, struct lxa_err *err);
void lxa_device_close(struct lxa_device *dev);	/* after everything made from it has been freed */

/*
 * A descriptor for poll, select and epoll: readable when lxa_event_read has a record (POLLIN), and for good when the device has
 * gone (POLLERR, POLLHUP). For waiting only: reading, closing and the ioctls go by the functions here, whatever the device is.
 */
int lxa_device_fd(const struct lxa_device *dev);

const char *lxa_device_path(const struct lxa_device *dev);	/* what was opened, NULL resolved */
const char *lxa_device_engine(const struct lxa_device *dev);	/* "rtl", "model" or "hardware" */
const struct lxa_caps *lxa_device_caps(const struct lxa_device *dev); /* lanes, buffers, modes */

/* One parameter, enum lxa_param. -EOPNOTSUPP: the driver has no such parameter. *value is set only on success. */
int lxa_device_param(struct lxa_device *dev, uint32_t param, uint64_t *value);

/* The device's free-running counters, taken in one cycle, indexed by enum lxa_counter. */
int lxa_device_counters(struct lxa_device *dev, uint64_t values[LXA_CNT_COUNT]);

/* The parameters of the `base` configuration: what the library plans for when there is no device. */
void lxa_caps_base(struct lxa_caps *caps);

/*
 * A buffer in device-visible memory, zero-filled, mapped into the process. bytes is rounded up to pages.
 * Errors: -ENOSPC (over LXA_PARAM_BO_BYTES_MAX in one open device, or 4096 buffers), -ENOMEM, -EINVAL (0 bytes).
 */
int lxa_bo_create(struct lxa_device *dev, uint64_t bytes, struct lxa_bo **out, struct lxa_err *err);
void lxa_bo_free(struct lxa_bo *bo);		/* unmaps; memory goes when the last job using it has ended */
void *lxa_bo_map(const struct lxa_bo *bo);	/* the CPU's view, valid until lxa_bo_free */
uint64_t lxa_bo_bytes(const struct lxa_bo *bo);
uint32_t lxa_bo_handle(const struct lxa_bo *bo); /* for struct lxa_ref */

/*
 * Before the CPU reads or writes a buffer that jobs use: waits until none does, at most timeout_ms. flags: LXA_PREP_READ,
 * LXA_PREP_WRITE or both. -ETIMEDOUT; -EBUSY with timeout_ms 0, which does not wait. lxa_bo_fini hands it back; call it before
 * submitting jobs that use the buffer.
 */
int lxa_bo_prep(struct lxa_bo *bo, uint32_t flags, uint32_t timeout_ms);
int lxa_bo_fini(struct lxa_bo *bo);

/*
 * Queue n jobs (all or none; 1 to LXA_PARAM_MAX_JOBS), in order; a job sees what earlier jobs wrote. *seqno: number of the last
 * one, the others' are those before it. The jobs of one device have one queue; numbers begin at 1. The array may be freed at once.
 * Errors: -EINVAL, -EOPNOTSUPP, -ENOENT (a job is refused: the sentence says which and why), -EAGAIN (1024 jobs have not ended),
 * -EIO (the device takes no more jobs from this program, after several that hung), -ENOMEM.
 */
int lxa_job_submit(struct lxa_device *dev, const struct lxa_job *jobs, uint32_t n, uint64_t *seqno,
		   struct lxa_err *err);

/*
 * Wait until job seqno and all before it have ended. -ETIMEDOUT: not within timeout_ms (0: look only). *job_error: 0,
 * or the error of the first failed job up to seqno that was not reported before: -ETIMEDOUT (it hung, the device was
 * reset),
 * -EIO (aborted by a reset, or a bus error), -EFAULT (left its window), -ECANCELED.
 */
int lxa_job_wait(struct lxa_device *dev, uint64_t seqno, uint32_t timeout_ms, int *job_error);

/*
 * Read up to n records of ended jobs, oldest first; returns how many (0: none there), or a negative errno. Does not wait: poll
 * lxa_device_fd(). 2048 records are kept, then the oldest goes: who only waits need not read.
 */
int lxa_event_read(struct lxa_device *dev, struct lxa_event *ev, uint32_t n);

/* ---- 2. operations ---------------------------------------------------------------------------------- */

/*
 * One convolution with its packed weights and parameters. It is described by a struct lxa_job of which only the
 * geometry, formats, kind and pitches are read: op, flags, references, user, batch and tile are filled in by the
 * library. Fully connected: in_h = in_w = kh = kw = 1, or a kernel of the image's size.
 */
struct lxa_operation;

/* The output stage of one output channel (rtl/README.md section 4): v = ((T + bias) * mult + rounding) >> shift. */
struct lxa_channel {
	int64_t bias;			/* 48 bits */
	int32_t mult;			/* signed 16 bits */
	uint32_t shift;			/* 0..62 */
	int32_t thr[15];		/* kind LXA_KIND_THRESH: job.nthr of them, ascending */
};

#define LXA_THR_ALWAYS INT32_MIN
#define LXA_THR_NEVER INT32_MAX

/*
 * weights: out_c x (in_c / groups) x kh x kw bytes (ONNX's OIHW): LXA_WFMT_LOG sign in bit 7 and code below,
 * LXA_WFMT_S8 and LXA_WFMT_BITS the value, LXA_WFMT_B1 +1 or -1. chan: out_c records; a channel's bias is added to the sum of
 * products, also of bit planes (what their accumulator lacks to that, rtl/README.md section 3, the library adds). Both are copied.
 * Without a residual operand and raw sums (res_mode, LXA_KIND_RAW: -EOPNOTSUPP).
 * dev may be NULL: the operation then runs on the CPU kernels with the same bits (caps: lxa_caps_base).
 * Errors: -EINVAL (a field out of range or a layer that does not fit: the sentence says which), -ERANGE (with these
 * weights a sum could leave the accumulator: channel and figures are named), -ENOMEM.
 */
int lxa_op_create(struct lxa_device *dev, const struct lxa_job *shape, const int8_t *weights,
		  const struct lxa_channel *chan,
		  struct lxa_operation **out, struct lxa_err *err);
void lxa_op_free(struct lxa_operation *op);

const struct lxa_job *lxa_op_job(const struct lxa_operation *op);	/* complete but for act, out, res, user; batch is 1 */
const struct lxa_layout *lxa_op_layout(const struct lxa_operation *op); /* output size, pitches, extents (batch 1) */

/*
 * Run on codes: in is batch x in_c x in_h x in_w (LXA_FMT_B1: +1 / -1; others: the code or integer), out is batch x
 * out_c x out_h x out_w (1-bit outputs: +1 / -1 like the input; others: the code or integer). Packs, submits, waits,
 * unpacks; blocks until the job has ended. ev (may be NULL) gets the job's counters (zeros on the CPU).
 * Errors: -EINVAL (batch not 1 to 65535, or the job refused), -ENOMEM, -ENOSPC, and those of a failed job (lxa_job_wait).
 */
int lxa_op_run(struct lxa_operation *op, uint32_t batch, const int32_t *in, int32_t *out, struct lxa_event *ev,
	       struct lxa_err *err);

/* Run the CPU kernel on packed memory in the device's layout: act and out as the device would see them. Cannot fail. */
void lxa_op_run_cpu(struct lxa_operation *op, uint32_t batch, const void *act, void *out);

/* Codes NCHW to packed NHWC and back, by the layout of `job` and `caps`; b1 elements are +1 / -1. */
void lxa_pack_input(const struct lxa_caps *caps, const struct lxa_job *job, uint32_t batch, const int32_t *codes,
		    void *packed);
void lxa_unpack_output(const struct lxa_caps *caps, const struct lxa_job *job, uint32_t batch, const void *packed,
		       int32_t *codes);

/* ---- 3. models -------------------------------------------------------------------------------------- */

struct lxa_model;
struct lxa_plan;

/*
 * Read an ONNX file. Plans read it again: it has to stay until the last is made. Errors name file, node and fault: that of the file,
 * -EINVAL (no such file, or an inconsistent graph), -EFBIG (over 2 GiB), -ENOMEM.
 */
int lxa_model_load(const char *path, struct lxa_model **out, struct lxa_err *err);
void lxa_model_free(struct lxa_model *m);	/* after its plans */

struct lxa_io {
	const char *name;
	enum lxa_dtype dtype;
	int ndim;
	int64_t dims[LXA_MAX_DIMS];	/* for the batch of the plan asked */
};

/*
 * Decide for every node where it runs. dev: the device that will run it, or NULL: device layers run on LXA's CPU
 * kernels on the same packed integers, planned for the `base` configuration (engine "cpu"). batch: images the device
 * gets in one job at most, brought into 1 to 65535; ignored when the model fixes its first dimension. Big batches are cut down to what the
 * device's memory holds: lxa_plan_batch() tells.
 * What a float chain behind a layer becomes (userspace/README.md, "How exact"): thresholds that give the chain's code for
 * every sum, or multiplier, shift and bias with a relative error of 2^-15. The entry's reason says which.
 * Errors: -EINVAL (the graph is inconsistent), -EOPNOTSUPP (an operator that neither side has), -ENOMEM.
 */
int lxa_plan_create(struct lxa_model *m, struct lxa_device *dev, int64_t batch, struct lxa_plan **out,
		    struct lxa_err *err);
void lxa_plan_free(struct lxa_plan *p);

int64_t lxa_plan_batch(const struct lxa_plan *p);
int lxa_plan_batch_fixed(const struct lxa_plan *p); /* 1: the model fixes it, images must fill whole batches */
int lxa_plan_inputs(const struct lxa_plan *p);
int lxa_plan_outputs(const struct lxa_plan *p);
void lxa_plan_input(const struct lxa_plan *p, int i, struct lxa_io *io);	/* 0 <= i < lxa_plan_inputs(p); names live as p does */
void lxa_plan_output(const struct lxa_plan *p, int i, struct lxa_io *io);

enum lxa_place { LXA_PLACE_CPU, LXA_PLACE_DEVICE };

/* One node of the graph, in the order of execution. */
struct lxa_plan_entry {
	const char *name, *op;
	enum lxa_place place;
	const char *reason;		/* why there; for the CPU: what kept it off the device. Never NULL */
	const char *needs;		/* CPU: what would have to be otherwise for the device to take it; "" where nothing would do. Never NULL */
	int layer;			/* device: number of the device layer that this node is part of; else -1 */
	int head;			/* device: 1 for the layer's convolution, where its figures are counted */
	int constant;			/* 1: depends on constants only; evaluated while planning */
	int n_in, n_out;		/* inputs and outputs: lxa_plan_entry_input(), lxa_plan_entry_output() */
	uint64_t macs;			/* multiply-accumulates for one image (convolutions and matrix products) */
	uint64_t bytes;			/* one image. Device heads: predicted bytes to and from memory, everything included; CPU: of its
					 * tensors, weights included */
	/* head nodes: */
	const char *lanes;		/* "shift" or "xnor" */
	const char *what;		/* "log4 x log5 -> log4", for people */
	uint32_t lane_macs;		/* MACs a cycle at the peak */
	uint32_t tile_h, tile_w;	/* output pixels the device computes at a time */
	uint64_t wgt_bytes, par_bytes;	/* packed */
	double sum_bits;		/* log2 of the largest sum these weights can reach */
	uint64_t cycles;		/* predicted for one image on an idle device, memory as LXA_PREDICT_*; 0: out of memory */
};

/* The memory of predictions: the simulator's default. */
#define LXA_PREDICT_LATENCY 100		/* cycles */
#define LXA_PREDICT_BYTES 16		/* a cycle */
#define LXA_PREDICT_READS 32		/* bursts in flight, of the `base` configuration: no parameter of the driver tells */

int lxa_plan_entries(const struct lxa_plan *p);	/* how many */
const struct lxa_plan_entry *lxa_plan_entry(const struct lxa_plan *p, int i);	/* 0 <= i < lxa_plan_entries(p) */

/*
 * The graph between entries, for drawing it. Input k of entry i: fills io (name "" and no dimensions where it is absent or not known
 * before it runs) and returns the number of the entry that makes it, or one of these.
 */
enum { LXA_FROM_INPUT = -1, LXA_FROM_CONSTANT = -2, LXA_FROM_NOTHING = -3 };
int lxa_plan_entry_input(const struct lxa_plan *p, int i, int k, struct lxa_io *io);
void lxa_plan_entry_output(const struct lxa_plan *p, int i, int k, struct lxa_io *io);

/* What running entry i has cost since the plan was made. Fused nodes other than the head have zeros. */
struct lxa_layer_report {
	uint64_t images;
	uint64_t macs;			/* the layer's own: of every image, computed from its shape */
	double seconds;			/* host time: CPU nodes, and device layers run on the CPU kernels */
	double encode_s, decode_s;	/* host time: floats to this layer's codes, its codes to floats; with several jobs, moving parts */
	double driver_s;		/* submitting, shared by layers submitted together, and waiting for this layer with nothing else to do */
	double check_s;			/* host time of the comparison */
	/* device (all jobs of this layer added up): */
	uint64_t jobs, cycles, busy;
	uint64_t st_wgt, st_act, st_rd, st_out, st_wr, st_pipe, st_cmd;
	uint64_t rd_bytes, wr_bytes;
	double utilization;		/* macs / (cycles x lane_macs), at most 1; 0 when no cycles were counted */
	/* check: */
	uint64_t compared;		/* output elements compared with the CPU kernel's */
	uint64_t mismatches;
};
void lxa_plan_report(const struct lxa_plan *p, int i, struct lxa_layer_report *r);

struct lxa_run_options {
	int check;			/* also run every device layer on the CPU kernels and compare bit for bit */
	/*
	 * Called after each batch and, with an unchanged `done`, some times a second while waiting. Non-zero stops the
	 * run: it ends after the batches under way (two at most) and returns -EINTR; outputs up to `done` are valid. May be NULL.
	 */
	int (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *ctx;
	uint32_t threads;		/* that LXA's CPU kernels use, the caller being one; 0: the caller alone. The bits are the same */
};

struct lxa_run_result {
	uint64_t images;		/* finished */
	uint64_t mismatches;		/* check: elements that differed, all layers */
	uint64_t compared;
	uint64_t cycles;		/* device, all layers */
	char first_mismatch[256];	/* check: layer, image, place and both values of the first; "" when none */
};

/*
 * Run `in` (lxa_plan_inputs tensors, the declared element type; float32 is converted where another is declared) through
 * the plan. The first dimension of every input is the number of images and may be anything; it is cut into batches.
 * out: lxa_plan_outputs tensors, of which data is allocated here and freed by the caller with lxa_tensor_free, also
 * after an error. opt and res may be NULL. A mismatch is not an error: look at res.
 * Errors: -EINVAL (shape or type, names the input), -EINTR (stopped), -EIO, -ETIMEDOUT, ... (a job failed: names the
 * layer).
 */
int lxa_plan_run(struct lxa_plan *p, const struct lxa_tensor *in, struct lxa_tensor *out,
		 const struct lxa_run_options *opt,
		 struct lxa_run_result *res, struct lxa_err *err);

/* ---- 5. profiles ------------------------------------------------------------------------------------ */

/*
 * Where the time goes, on one time line: models loaded and planned, nodes on the CPU, values encoded and decoded, calls of the
 * driver, jobs on the device. A thread records into the profile that it is attached to, and nothing otherwise; the other functions
 * of this header then cost a look at a pointer more. Several threads may record into one profile.
 */
struct lxa_profile;

int lxa_profile_create(struct lxa_profile **out, struct lxa_err *err);	/* 0 or -ENOMEM */
void lxa_profile_free(struct lxa_profile *p);	/* when no other thread is attached to it any more */

/*
 * From now on the calling thread records into p, as thread_name (copied); p NULL: into none. 0 or -ENOMEM (then into none).
 */
int lxa_profile_attach(struct lxa_profile *p, const char *thread_name, struct lxa_err *err);

/* A span of the program's own in the calling thread, up to the matching end. Spans nest. name is copied. */
void lxa_profile_begin(const char *name);
void lxa_profile_end(void);

/*
 * Write what was recorded so far as a trace in JSON for Perfetto or chrome://tracing. Threads are tracks of process 1, each device is
 * a process. A job's cycles, stalls and bytes are its arguments; its place in time is worked out: jobs share the time from their
 * submission to the moment when their records were read, by their cycles. Beyond some two million spans or jobs no more are kept:
 * otherData.dropped_events in the file says how many. Errors: that of the file, which is named.
 */
int lxa_profile_write(struct lxa_profile *p, const char *path, struct lxa_err *err);

/* ---- 6. quantizing a float model ----------------------------------------------------------------------- */

/* What a value becomes that convolutions read and a shortcut, too (residual networks): the convolutions quantize it as usual. */
enum lxa_shortcut {
	LXA_SHORTCUT_FLOAT,		/* the shortcut keeps the float */
	LXA_SHORTCUT_LINEAR,		/* 8 bits linear, before it is quantized for the convolutions */
	LXA_SHORTCUT_LOG,		/* the shortcut reads what the convolutions read */
};

struct lxa_quantize_options {
	const char *method;		/* "log": the one method so far */
	int weight_bits, weight_steps;	/* 5, sign included; steps an octave: 1 (base 2) or 2 (base square root of 2) */
	int act_bits, act_steps;	/* 4, without sign; 2 */
	int edge_bits;			/* inputs of the first and last layer are linear with 8 bits; 0: as the others */
	enum lxa_shortcut shortcut;	/* LXA_SHORTCUT_LINEAR */
	/* Called often; non-zero stops: -EINTR, nothing is written. May be NULL. */
	int (*progress)(void *ctx, uint64_t done, uint64_t total);
	void *ctx;
};
void lxa_quantize_defaults(struct lxa_quantize_options *o); /* the values above */
const char *lxa_quantize_method(int i, const char **what); /* name of method i, NULL at the end; what (may be NULL): a line */

/* One convolution or matrix product. */
struct lxa_quantize_layer {
	char name[64], op[16];
	char left[96];			/* why it stays in float; "": it is quantized */
	char input[32], weights[32];	/* "log4/2, fsr 3" */
	double input_error;		/* relative mean square error that its input's quantizer makes */
	double error;			/* the same of its result, all that was quantized before it included */
};

struct lxa_quantize_report {
	int64_t images;			/* used: whole batches where the model fixes its batch */
	int n;
	struct lxa_quantize_layer *layers;
};
void lxa_quantize_report_free(struct lxa_quantize_report *r);

/*
 * Quantize a float ONNX model of one float input and write it as `out`, with LogQuant and Quant nodes; its input and outputs stay
 * what they are. BatchNormalization behind a convolution is folded, quantizers' ranges and codes are chosen to come closest to
 * the float model's values on `images` (what the model reads: N x ..., some hundred), layer by layer, each making up for what was
 * quantized before it. r may be NULL. userspace/quant/README.md describes the method. Deterministic for one machine.
 * Errors name file and node: -EINVAL (an option, nothing to quantize, quantized already, images of another shape), -EDOM (values
 * that are not finite), -EOPNOTSUPP (an operator), -EINTR, -ENOMEM, or what reading and writing files gives.
 */
int lxa_quantize(const char *model, const struct lxa_tensor *images, const struct lxa_quantize_options *o, const char *out,
		 struct lxa_quantize_report *r, struct lxa_err *err);

#ifdef __cplusplus
}
#endif
#endif
