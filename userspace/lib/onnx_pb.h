/* SPDX-License-Identifier: MIT */
/* onnx_pb.h - between ONNX's protobuf messages and our structures (private to the loader, the writer and tensor_io.c). */
#ifndef LXA_LIB_ONNX_PB_H
#define LXA_LIB_ONNX_PB_H

#include "graph.h"
#include "onnx.pb-c.h"

/*
 * Read a whole file. *data is malloc'ed with a NUL after its *size bytes. -EFBIG above 2 GiB (protobuf's own limit).
 */
int lxa_file_read(const char *path, uint8_t **data, size_t *size, struct lxa_err *err);

/* Write through "PATH.tmp" and rename, so that a failure never leaves half a file under the name. */
int lxa_file_write(const char *path, const void *data, size_t size, struct lxa_err *err);

/*
 * Protobuf messages nest as deep as a file says, and protobuf-c's unpacker follows by recursion: a small hostile file
 * would run it out of stack. 0 when no message in the bytes nests deeper than LXA_PB_MAX_DEPTH, else -EINVAL.
 */
#define LXA_PB_MAX_DEPTH 32
int lxa_pb_check_depth(const ProtobufCMessageDescriptor *desc, const uint8_t *data, size_t size);

/* what names the tensor in the message ("file: initializer 'w'"). *t needs no cleaning up after a failure. */
int lxa_tensor_from_pb(const Onnx__TensorProto *p, const char *what, struct lxa_tensor *t, struct lxa_err *err);
/* Fills an initialised message with malloc'ed fields: onnx__tensor_proto__free_unpacked() frees them. */
int lxa_tensor_to_pb(const struct lxa_tensor *t, const char *name, Onnx__TensorProto *p);

#endif
