/* SPDX-License-Identifier: MIT */
/* tensor_io.c - tensors from and to files: NumPy's .npy and ONNX's TensorProto (.pb). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph_priv.h"
#include "onnx_pb.h"

#define NPY_MAGIC "\x93NUMPY"
#define NPY_ALIGN 64

/* The type letters of .npy, in the machine's byte order. */
static const struct {
	enum lxa_dtype dtype;
	char name[4];
} npy_types[] = {
	{ LXA_F32, "<f4" }, { LXA_F64, "<f8" }, { LXA_F16, "<f2" }, { LXA_INT8, "|i1" }, { LXA_UINT8, "|u1" }, { LXA_INT16, "<i2" },
	{ LXA_UINT16, "<u2" }, { LXA_INT32, "<i4" }, { LXA_UINT32, "<u4" }, { LXA_INT64, "<i8" },
	{ LXA_UINT64, "<u8" }, { LXA_BOOL, "|b1" },
};

#define N_NPY_TYPES (sizeof(npy_types) / sizeof(npy_types[0]))

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensor files are read as they lie in memory");

static const char *npy_name(enum lxa_dtype t)
{
	size_t i;

	for (i = 0; i < N_NPY_TYPES; i++)
		if (npy_types[i].dtype == t)
			return npy_types[i].name;
	return NULL;
}

/* The text after 'KEY': in the header's dictionary, or NULL. */
static const char *npy_entry(const char *header, const char *key)
{
	char quoted[32];
	const char *p;

	snprintf(quoted, sizeof(quoted), "'%s'", key);
	p = strstr(header, quoted);
	if (!p)
		return NULL;
	p += strlen(quoted);
	p += strspn(p, " ");
	if (*p++ != ':')
		return NULL;
	return p + strspn(p, " ");
}

static int npy_descr(const char *path, const char *p, struct lxa_tensor *t, struct lxa_err *err)
{
	char name[4] = "";
	size_t i;

	if (p && *p == '\'' && strnlen(p, 5) == 5 && p[4] == '\'')
		memcpy(name, p + 1, 3);
	if (*name == '>')
		return lxa_err_set(err, -EINVAL, "%s: its elements are big-endian, must be little-endian", path);
	for (i = 0; i < N_NPY_TYPES; i++) {
		if (strcmp(name + !!*name, npy_types[i].name + 1) || (*name != '<' && *name != '|' && *name != '='))
			continue;
		t->dtype = npy_types[i].dtype;
		return 0;
	}
	return lxa_err_set(err, -EINVAL, "%s: element type %.12s is not supported", path, p ? p : "(none)");
}

static int npy_shape(const char *path, const char *p, struct lxa_tensor *t, struct lxa_err *err)
{
	char *end;

	t->ndim = 0;
	if (!p || *p++ != '(')
		goto bad;
	for (;;) {
		p += strspn(p, " ");
		if (*p == ')')
			break;
		if (t->ndim == LXA_MAX_DIMS)
			return lxa_err_set(err, -EINVAL, "%s: has more than %d dimensions", path, LXA_MAX_DIMS);
		if (*p < '0' || *p > '9')
			goto bad;
		errno = 0;
		t->dims[t->ndim++] = strtoll(p, &end, 10);
		if (errno)
			goto bad;
		p = end + strspn(end, " ");
		if (*p == ',')
			p++;
		else if (*p != ')')
			goto bad;
	}
	if (lxa_tensor_count(t) < 0)
		return lxa_err_set(err, -EINVAL, "%s: its shape is too large", path);
	return 0;
bad:
	return lxa_err_set(err, -EINVAL, "%s: its .npy header gives no valid shape", path);
}

/* Parse the dictionary; header is NUL-terminated. */
static int npy_header(const char *path, const char *header, struct lxa_tensor *t, struct lxa_err *err)
{
	const char *order = npy_entry(header, "fortran_order");
	int ret;

	ret = npy_descr(path, npy_entry(header, "descr"), t, err);
	if (ret)
		return ret;
	if (!order || (strncmp(order, "True", 4) && strncmp(order, "False", 5)))
		return lxa_err_set(err, -EINVAL, "%s: its .npy header does not say fortran_order", path);
	if (*order == 'T')
		return lxa_err_set(err, -EINVAL, "%s: is in Fortran order, must be in C order (save "
				   "numpy.ascontiguousarray(x))", path);
	return npy_shape(path, npy_entry(header, "shape"), t, err);
}

static int npy_read(const char *path, uint8_t *data, size_t size, struct lxa_tensor *t, struct lxa_err *err)
{
	size_t len, start, need;
	char *header;
	int ret;

	if (size < 10 || memcmp(data, NPY_MAGIC, 6))
		return lxa_err_set(err, -EINVAL, "%s: is not a .npy file", path);
	if (data[6] < 1 || data[6] > 3)
		return lxa_err_set(err, -EINVAL, "%s: .npy version %u.%u is not known", path, data[6], data[7]);
	start = data[6] == 1 ? 10 : 12;
	if (size < start)
		return lxa_err_set(err, -EINVAL, "%s: is cut short in its header", path);
	len = data[8] | (size_t)data[9] << 8;
	if (data[6] > 1)
		len |= (size_t)data[10] << 16 | (size_t)data[11] << 24;
	if (len > size - start)
		return lxa_err_set(err, -EINVAL, "%s: is cut short in its header", path);
	header = strndup((const char *)data + start, len);
	if (!header)
		return lxa_err_set(err, -ENOMEM, "%s: out of memory", path);
	ret = npy_header(path, header, t, err);
	free(header);
	if (ret)
		return ret;
	need = (size_t)lxa_tensor_count(t) * lxa_dtype_size(t->dtype);
	if (size - start - len != need)
		return lxa_err_set(err, -EINVAL, "%s: has %zu bytes of data where its shape needs %zu", path,
				   size - start - len, need);
	if (lxa_tensor_alloc(t))
		return lxa_err_set(err, -ENOMEM, "%s: no memory for its %zu bytes", path, need);
	memcpy(t->data, data + start + len, need);
	return 0;
}

static int npy_write(const char *path, const struct lxa_tensor *t, struct lxa_err *err)
{
	size_t bytes = (size_t)lxa_tensor_count(t) * lxa_dtype_size(t->dtype), start;
	char header[512];
	uint8_t *file;
	int len, i, ret;

	if (!npy_name(t->dtype))
		return lxa_err_set(err, -EINVAL, "%s: .npy has no element type %s; save it as .pb", path,
				   lxa_dtype_name((int)t->dtype));
	len = snprintf(header, sizeof(header), "{'descr': '%s', 'fortran_order': False, 'shape': (", npy_name(t->dtype));
	for (i = 0; i < t->ndim; i++)
		len += snprintf(header + len, sizeof(header) - (size_t)len, "%lld%s", (long long)t->dims[i],
				t->ndim == 1 ? "," : i + 1 < t->ndim ? ", " : "");
	len += snprintf(header + len, sizeof(header) - (size_t)len, "), }");
	/* Spaces and a newline, so that the data begin at a multiple of 64. */
	start = (10 + (size_t)len + 1 + NPY_ALIGN - 1) / NPY_ALIGN * NPY_ALIGN;
	file = malloc(start + bytes);
	if (!file)
		return lxa_err_set(err, -ENOMEM, "%s: no memory for its %zu bytes", path, start + bytes);
	memset(file, ' ', start);
	memcpy(file, NPY_MAGIC "\x01\x00", 8);
	file[8] = (uint8_t)(start - 10);
	file[9] = (uint8_t)((start - 10) >> 8);
	memcpy(file + 10, header, (size_t)len);
	file[start - 1] = '\n';
	memcpy(file + start, t->data, bytes);
	ret = lxa_file_write(path, file, start + bytes, err);
	free(file);
	return ret;
}

static int pb_read(const char *path, const uint8_t *data, size_t size, struct lxa_tensor *t, struct lxa_err *err)
{
	Onnx__TensorProto *p;
	int ret;

	if (lxa_pb_check_depth(&onnx__tensor_proto__descriptor, data, size))
		return lxa_err_set(err, -EINVAL, "%s: its messages nest too deep", path);
	p = onnx__tensor_proto__unpack(NULL, size, data);
	if (!p)
		return lxa_err_set(err, -EINVAL, "%s: is not an ONNX TensorProto, or is cut short", path);
	ret = lxa_tensor_from_pb(p, path, t, err);
	onnx__tensor_proto__free_unpacked(p, NULL);
	return ret;
}

static int pb_write(const char *path, const struct lxa_tensor *t, struct lxa_err *err)
{
	Onnx__TensorProto *p = malloc(sizeof(*p));
	uint8_t *buf = NULL;
	size_t size;
	int ret;

	if (!p)
		return lxa_err_set(err, -ENOMEM, "%s: out of memory", path);
	onnx__tensor_proto__init(p);
	ret = lxa_tensor_to_pb(t, "", p);
	if (!ret) {
		size = onnx__tensor_proto__get_packed_size(p);
		buf = malloc(size ? size : 1);
		ret = buf ? 0 : -ENOMEM;
	}
	if (ret) {
		lxa_err_set(err, ret, "%s: %s", path, strerror(-ret));
	} else {
		onnx__tensor_proto__pack(p, buf);
		ret = lxa_file_write(path, buf, size, err);
	}
	free(buf);
	onnx__tensor_proto__free_unpacked(p, NULL);
	return ret;
}

static int has_ending(const char *path, const char *ending)
{
	size_t n = strlen(path), m = strlen(ending);

	return n > m && !strcmp(path + n - m, ending);
}

int lxa_tensor_read(const char *path, struct lxa_tensor *t, struct lxa_err *err)
{
	int npy = has_ending(path, ".npy"), ret;
	uint8_t *data;
	size_t size;

	memset(t, 0, sizeof(*t));
	if (!npy && !has_ending(path, ".pb"))
		return lxa_err_set(err, -EINVAL, "%s: a tensor file must end in .npy or .pb", path);
	ret = lxa_file_read(path, &data, &size, err);
	if (ret)
		return ret;
	ret = npy ? npy_read(path, data, size, t, err) : pb_read(path, data, size, t, err);
	free(data);
	return ret;
}

int lxa_tensor_write(const char *path, const struct lxa_tensor *t, struct lxa_err *err)
{
	if (lxa_tensor_count(t) < 0 || !lxa_dtype_size(t->dtype) || !t->data)
		return lxa_err_set(err, -EINVAL, "%s: the tensor to be written has no data or no valid shape", path);
	if (has_ending(path, ".npy"))
		return npy_write(path, t, err);
	if (has_ending(path, ".pb"))
		return pb_write(path, t, err);
	return lxa_err_set(err, -EINVAL, "%s: a tensor file must end in .npy or .pb", path);
}
