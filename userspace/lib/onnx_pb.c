/* SPDX-License-Identifier: MIT */
/* onnx_pb.c - files, nesting check and tensors for the ONNX reader and writer; see onnx_pb.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "graph_priv.h"
#include "onnx_pb.h"

int lxa_file_read(const char *path, uint8_t **data, size_t *size, struct lxa_err *err)
{
	struct stat st;
	FILE *f;
	int ret = 0;

	*data = NULL;
	f = fopen(path, "rb");
	if (!f)
		return lxa_err_set(err, -errno, "%s: cannot be opened: %s", path, strerror(errno));
	if (fstat(fileno(f), &st) || !S_ISREG(st.st_mode)) {
		ret = lxa_err_set(err, -EINVAL, "%s: is not a regular file", path);
		goto close;
	}
	if (st.st_size >= LXA_MAX_COUNT) {
		ret = lxa_err_set(err, -EFBIG, "%s: is larger than 2 GiB", path);
		goto close;
	}
	*data = malloc((size_t)st.st_size + 1);
	if (!*data) {
		ret = lxa_err_set(err, -ENOMEM, "%s: no memory for its %lld bytes", path, (long long)st.st_size);
		goto close;
	}
	*size = fread(*data, 1, (size_t)st.st_size, f);
	(*data)[*size] = 0;
	if (*size != (size_t)st.st_size) {
		ret = lxa_err_set(err, -EIO, "%s: only %zu of %lld bytes could be read", path, *size,
				  (long long)st.st_size);
		free(*data);
		*data = NULL;
	}
close:
	fclose(f);
	return ret;
}

int lxa_file_write(const char *path, const void *data, size_t size, struct lxa_err *err)
{
	char *tmp = NULL;
	FILE *f;
	int ok;

	if (asprintf(&tmp, "%s.tmp", path) < 0)
		return lxa_err_set(err, -ENOMEM, "%s: out of memory", path);
	f = fopen(tmp, "wb");
	if (!f) {
		int ret = lxa_err_set(err, -errno, "%s: cannot be created: %s", tmp, strerror(errno));

		free(tmp);
		return ret;
	}
	ok = fwrite(data, 1, size, f) == size;
	ok = !fclose(f) && ok;
	ok = ok && !rename(tmp, path);
	if (!ok) {
		int ret = lxa_err_set(err, errno ? -errno : -EIO, "%s: cannot be written: %s", path, strerror(errno));

		unlink(tmp);
		free(tmp);
		return ret;
	}
	free(tmp);
	return 0;
}

/* One varint; the position behind it, or NULL. */
static const uint8_t *varint(const uint8_t *p, const uint8_t *end, uint64_t *v)
{
	int shift;

	*v = 0;
	for (shift = 0; shift < 64 && p < end; shift += 7) {
		*v |= (uint64_t)(*p & 0x7f) << shift;
		if (!(*p++ & 0x80))
			return p;
	}
	return NULL;
}

static int check_depth(const ProtobufCMessageDescriptor *desc, const uint8_t *p, const uint8_t *end, int depth)
{
	const ProtobufCFieldDescriptor *fd;
	uint64_t key, len;

	if (depth > LXA_PB_MAX_DEPTH)
		return -EINVAL;
	while (p < end) {
		/* Malformed bytes end the walk quietly: the unpacker refuses them itself, at the same place. */
		p = varint(p, end, &key);
		if (!p)
			return 0;
		len = 0;
		switch (key & 7) {
		case 0:
			p = varint(p, end, &len);
			if (!p)
				return 0;
			continue;
		case 1:
			len = 8;
			break;
		case 2:
			p = varint(p, end, &len);
			break;
		case 5:
			len = 4;
			break;
		default:
			return 0;
		}
		if (!p || len > (uint64_t)(end - p))
			return 0;
		fd = (key & 7) == 2 && key >> 3 <= UINT32_MAX ?
			protobuf_c_message_descriptor_get_field(desc, (unsigned int)(key >> 3)) : NULL;
		if (fd && fd->type == PROTOBUF_C_TYPE_MESSAGE && check_depth(fd->descriptor, p, p + len, depth + 1))
			return -EINVAL;
		p += len;
	}
	return 0;
}

int lxa_pb_check_depth(const ProtobufCMessageDescriptor *desc, const uint8_t *data, size_t size)
{
	return check_depth(desc, data, data + size, 0);
}

static int is_4bit(enum lxa_dtype t)
{
	return t == LXA_UINT4 || t == LXA_INT4;
}

/* Bytes of raw data in a file, and entries of int32_data for `count` elements: 4-bit elements lie there in pairs. */
static uint64_t raw_bytes(enum lxa_dtype t, int64_t count)
{
	return is_4bit(t) ? ((uint64_t)count + 1) / 2 : (uint64_t)count * lxa_dtype_size(t);
}

/* Element i of pairs, low half first. */
static uint8_t unpack_4bit(enum lxa_dtype t, unsigned int pair, int64_t i)
{
	unsigned int v = pair >> (i & 1 ? 4 : 0) & 15;

	return (uint8_t)(t == LXA_INT4 && v > 7 ? v | 0xf0 : v);
}

/* The typed fields: which of them holds a type's elements, one element per entry. */
static int64_t typed_count(const Onnx__TensorProto *p, enum lxa_dtype t)
{
	switch (t) {
	case LXA_F32:
		return (int64_t)p->n_float_data;
	case LXA_F64:
		return (int64_t)p->n_double_data;
	case LXA_INT64:
		return (int64_t)p->n_int64_data;
	case LXA_UINT32: case LXA_UINT64:
		return (int64_t)p->n_uint64_data;
	default:
		return (int64_t)p->n_int32_data;
	}
}

static void typed_get(const Onnx__TensorProto *p, struct lxa_tensor *t, int64_t count)
{
	int64_t i;

	switch (t->dtype) {
	case LXA_F32:
		memcpy(t->data, p->float_data, (size_t)count * 4);
		return;
	case LXA_F64:
		memcpy(t->data, p->double_data, (size_t)count * 8);
		return;
	case LXA_INT64:
		memcpy(t->data, p->int64_data, (size_t)count * 8);
		return;
	case LXA_UINT64:
		memcpy(t->data, p->uint64_data, (size_t)count * 8);
		return;
	case LXA_UINT32:
		for (i = 0; i < count; i++)
			((uint32_t *)t->data)[i] = (uint32_t)p->uint64_data[i];
		return;
	case LXA_INT32:
		memcpy(t->data, p->int32_data, (size_t)count * 4);
		return;
	case LXA_INT16: case LXA_UINT16: case LXA_F16: case LXA_BF16:
		for (i = 0; i < count; i++)
			((uint16_t *)t->data)[i] = (uint16_t)p->int32_data[i];
		return;
	case LXA_UINT4: case LXA_INT4:
		for (i = 0; i < count; i++)
			((uint8_t *)t->data)[i] = unpack_4bit(t->dtype, (unsigned int)p->int32_data[i / 2], i);
		return;
	case LXA_INT8: case LXA_UINT8: case LXA_F8E4M3FN: case LXA_F8E4M3FNUZ: case LXA_F8E5M2: case LXA_F8E5M2FNUZ:
		for (i = 0; i < count; i++)
			((uint8_t *)t->data)[i] = (uint8_t)p->int32_data[i];
		return;
	case LXA_BOOL:
		for (i = 0; i < count; i++)
			((uint8_t *)t->data)[i] = p->int32_data[i] != 0;
		return;
	}
}

/* Type, dimensions and where the data are; nothing is allocated before the file proves to hold that many bytes. */
static int tensor_check(const Onnx__TensorProto *p, const char *what, struct lxa_tensor *t, int64_t *count,
			struct lxa_err *err)
{
	int64_t have, need;
	size_t i;

	t->dtype = (enum lxa_dtype)p->data_type;
	if (!lxa_dtype_size(t->dtype))
		return lxa_err_set(err, -EINVAL, "%s: element type %s (%d) is not supported", what,
				   lxa_dtype_name(p->data_type), p->data_type);
	if ((p->has_data_location && p->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL) ||
	    p->n_external_data)
		return lxa_err_set(err, -EINVAL, "%s: its data are in an external file, which is not supported; save "
				   "the model with the data inside", what);
	if (p->segment)
		return lxa_err_set(err, -EINVAL, "%s: is stored in segments, which is not supported", what);
	if (p->n_dims > LXA_MAX_DIMS)
		return lxa_err_set(err, -EINVAL, "%s: has %zu dimensions, at most %d are supported", what, p->n_dims,
				   LXA_MAX_DIMS);
	t->ndim = (int)p->n_dims;
	for (i = 0; i < p->n_dims; i++)
		t->dims[i] = p->dims[i];
	*count = lxa_tensor_count(t);
	if (*count < 0) {
		char buf[160];

		return lxa_err_set(err, -EINVAL, "%s: its dimensions %s are negative or too large", what,
				   lxa_dims_str(t->ndim, t->dims, buf));
	}
	if (p->has_raw_data) {
		if (p->raw_data.len == raw_bytes(t->dtype, *count))
			return 0;
		return lxa_err_set(err, -EINVAL, "%s: has %zu bytes of data where its shape needs %llu", what,
				   p->raw_data.len, (unsigned long long)raw_bytes(t->dtype, *count));
	}
	have = typed_count(p, t->dtype);
	need = is_4bit(t->dtype) ? (*count + 1) / 2 : *count;
	if (have != need)
		return lxa_err_set(err, -EINVAL, "%s: has %lld elements of data where its shape needs %lld", what,
				   (long long)have, (long long)need);
	return 0;
}

int lxa_tensor_from_pb(const Onnx__TensorProto *p, const char *what, struct lxa_tensor *t, struct lxa_err *err)
{
	int64_t count = 0, i;
	int ret;

	memset(t, 0, sizeof(*t));
	ret = tensor_check(p, what, t, &count, err);
	if (ret)
		return ret;
	ret = lxa_tensor_alloc(t);
	if (ret)
		return lxa_err_set(err, ret, "%s: no memory for its data", what);
	if (!count)
		return 0;
	if (!p->has_raw_data) {
		typed_get(p, t, count);
		return 0;
	}
	if (is_4bit(t->dtype)) {
		for (i = 0; i < count; i++)
			((uint8_t *)t->data)[i] = unpack_4bit(t->dtype, p->raw_data.data[i / 2], i);
		return 0;
	}
	memcpy(t->data, p->raw_data.data, p->raw_data.len);
	for (i = 0; t->dtype == LXA_BOOL && i < count; i++)
		((uint8_t *)t->data)[i] = ((uint8_t *)t->data)[i] != 0;
	return 0;
}

int lxa_tensor_to_pb(const struct lxa_tensor *t, const char *name, Onnx__TensorProto *p)
{
	int64_t count = lxa_tensor_count(t), i;
	size_t bytes = (size_t)raw_bytes(t->dtype, count);

	if (count < 0 || !lxa_dtype_size(t->dtype) || !t->data)
		return -EINVAL;
	p->has_data_type = 1;
	p->data_type = (int32_t)t->dtype;
	p->name = strdup(name ? name : "");
	p->dims = malloc((t->ndim ? (size_t)t->ndim : 1) * sizeof(*p->dims));
	p->raw_data.data = malloc(bytes ? bytes : 1);
	if (!p->name || !p->dims || !p->raw_data.data)
		return -ENOMEM;
	p->n_dims = (size_t)t->ndim;
	memcpy(p->dims, t->dims, (size_t)t->ndim * sizeof(*p->dims));
	if (is_4bit(t->dtype)) {
		memset(p->raw_data.data, 0, bytes);
		for (i = 0; i < count; i++)
			p->raw_data.data[i / 2] |= (uint8_t)((((uint8_t *)t->data)[i] & 15) << (i & 1 ? 4 : 0));
	} else {
		memcpy(p->raw_data.data, t->data, bytes);
	}
	p->has_raw_data = 1;
	p->raw_data.len = bytes;
	return 0;
}
