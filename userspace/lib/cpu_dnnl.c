/* SPDX-License-Identifier: MIT */
/* cpu_dnnl.c - see cpu_dnnl.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cpu_dnnl.h"

#define MAX_PRIMS ((int)(sizeof(((struct lxa_cpu *)0)->prims) / sizeof(struct lxa_prim *)))

dnnl_status_t lxa_dnnl_plain(dnnl_memory_desc_t *md, int ndim, const int64_t *dims)
{
	static const dnnl_format_tag_t tags[] = {
		dnnl_format_tag_undef, dnnl_a, dnnl_ab, dnnl_abc, dnnl_abcd, dnnl_abcde, dnnl_abcdef,
	};
	dnnl_dims_t d;

	lxa_dnnl_dims(d, dims, ndim, 0);
	return dnnl_memory_desc_init_by_tag(md, ndim, d, dnnl_f32, tags[ndim]);
}

dnnl_status_t lxa_dnnl_any(dnnl_memory_desc_t *md, int ndim, const int64_t *dims)
{
	dnnl_dims_t d;

	lxa_dnnl_dims(d, dims, ndim, 0);
	return dnnl_memory_desc_init_by_tag(md, ndim, d, dnnl_f32, dnnl_format_tag_any);
}

struct lxa_prim *lxa_prim_find(struct lxa_cpu *cpu, const void *key, size_t key_size)
{
	int i;

	for (i = 0; i < cpu->n_prims; i++)
		if (cpu->prims[i]->key_size == key_size && !memcmp(cpu->prims[i]->key, key, key_size))
			return cpu->prims[i];
	return NULL;
}

static void prim_free(struct lxa_prim *p)
{
	int i;

	for (i = 0; i < p->n_io; i++) {
		struct lxa_prim_io *io = &p->io[i];

		if (io->reorder)
			dnnl_primitive_destroy(io->reorder);
		if (io->inner && io->inner != io->user)
			dnnl_memory_destroy(io->inner);
		if (io->user)
			dnnl_memory_destroy(io->user);
	}
	if (p->primitive)
		dnnl_primitive_destroy(p->primitive);
	free(p->key);
	free(p);
}

struct lxa_prim *lxa_prim_new(struct lxa_cpu *cpu, const void *key, size_t key_size, const_dnnl_primitive_desc_t pd)
{
	struct lxa_prim *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->key = malloc(key_size);
	if (!p->key || dnnl_primitive_create(&p->primitive, pd) != dnnl_success) {
		prim_free(p);
		return NULL;
	}
	memcpy(p->key, key, key_size);
	p->key_size = key_size;
	if (cpu->n_prims < MAX_PRIMS) {
		cpu->prims[cpu->n_prims++] = p;
	} else {
		prim_free(cpu->prims[cpu->next]);
		cpu->prims[cpu->next] = p;
		cpu->next = (cpu->next + 1) % MAX_PRIMS;
	}
	return p;
}

void lxa_prim_drop(struct lxa_cpu *cpu, struct lxa_prim *p)
{
	int i;

	for (i = 0; i < cpu->n_prims; i++) {
		if (cpu->prims[i] != p)
			continue;
		cpu->prims[i] = cpu->prims[--cpu->n_prims];
		cpu->next = 0;
		prim_free(p);
		return;
	}
}

static dnnl_status_t make_reorder(struct lxa_cpu *cpu, struct lxa_prim_io *io, const dnnl_memory_desc_t *user,
				  const dnnl_memory_desc_t *want)
{
	const dnnl_memory_desc_t *from = io->output ? want : user, *to = io->output ? user : want;
	dnnl_primitive_desc_t pd;
	dnnl_status_t s;

	s = dnnl_memory_create(&io->inner, want, cpu->engine, DNNL_MEMORY_ALLOCATE);
	if (s != dnnl_success) {
		io->inner = NULL;
		return s;
	}
	s = dnnl_reorder_primitive_desc_create(&pd, from, cpu->engine, to, cpu->engine, NULL);
	if (s != dnnl_success)
		return s;
	s = dnnl_primitive_create(&io->reorder, pd);
	if (s != dnnl_success)
		io->reorder = NULL;
	dnnl_primitive_desc_destroy(pd);
	return s;
}

dnnl_status_t lxa_prim_io(struct lxa_cpu *cpu, struct lxa_prim *p, int arg, int output, const dnnl_memory_desc_t *user,
			  const dnnl_memory_desc_t *want)
{
	struct lxa_prim_io *io = &p->io[p->n_io++];
	dnnl_status_t s;

	io->arg = arg;
	io->output = output;
	s = dnnl_memory_create(&io->user, user, cpu->engine, DNNL_MEMORY_NONE);
	if (s != dnnl_success) {
		io->user = NULL;
		return s;
	}
	if (!dnnl_memory_desc_equal(user, want))
		return make_reorder(cpu, io, user, want);
	io->inner = io->user;
	return dnnl_success;
}

static dnnl_status_t run_reorder(struct lxa_cpu *cpu, const struct lxa_prim_io *io)
{
	dnnl_exec_arg_t args[2] = {
		{ DNNL_ARG_FROM, io->output ? io->inner : io->user },
		{ DNNL_ARG_TO, io->output ? io->user : io->inner },
	};

	return dnnl_primitive_execute(io->reorder, cpu->stream, 2, args);
}

dnnl_status_t lxa_prim_run(struct lxa_cpu *cpu, struct lxa_prim *p, void *const *ptr)
{
	dnnl_exec_arg_t args[LXA_PRIM_IOS];
	dnnl_status_t s = dnnl_success;
	int i;

	for (i = 0; i < p->n_io && s == dnnl_success; i++) {
		args[i].arg = p->io[i].arg;
		args[i].memory = p->io[i].inner;
		s = dnnl_memory_set_data_handle(p->io[i].user, ptr[i]);
		if (s == dnnl_success && p->io[i].reorder && !p->io[i].output)
			s = run_reorder(cpu, &p->io[i]);
	}
	if (s == dnnl_success)
		s = dnnl_primitive_execute(p->primitive, cpu->stream, p->n_io, args);
	for (i = 0; i < p->n_io && s == dnnl_success; i++)
		if (p->io[i].reorder && p->io[i].output)
			s = run_reorder(cpu, &p->io[i]);
	if (s == dnnl_success)
		s = dnnl_stream_wait(cpu->stream);
	return s;
}

int lxa_dnnl_err(const struct lxa_op_ctx *c, dnnl_status_t status)
{
	return lxa_op_err(c, status == dnnl_out_of_memory ? -ENOMEM : -EIO, "oneDNN: %s",
			  status == dnnl_out_of_memory ? "out of memory" :
			  status == dnnl_unimplemented ? "not implemented for these shapes" :
			  status == dnnl_invalid_arguments ? "invalid arguments" : "failed");
}

int lxa_cpu_create(struct lxa_cpu **out, struct lxa_err *err)
{
	struct lxa_cpu *cpu = calloc(1, sizeof(*cpu));

	*out = NULL;
	if (!cpu)
		return lxa_err_set(err, -ENOMEM, "no memory for the CPU engine");
	if (dnnl_engine_create(&cpu->engine, dnnl_cpu, 0) != dnnl_success) {
		free(cpu);
		return lxa_err_set(err, -EIO, "oneDNN: its CPU engine could not be made");
	}
	if (dnnl_stream_create(&cpu->stream, cpu->engine, dnnl_stream_in_order) != dnnl_success) {
		dnnl_engine_destroy(cpu->engine);
		free(cpu);
		return lxa_err_set(err, -EIO, "oneDNN: its stream could not be made");
	}
	*out = cpu;
	return 0;
}

void lxa_cpu_destroy(struct lxa_cpu *cpu)
{
	int i;

	if (!cpu)
		return;
	for (i = 0; i < cpu->n_prims; i++)
		prim_free(cpu->prims[i]);
	dnnl_stream_destroy(cpu->stream);
	dnnl_engine_destroy(cpu->engine);
	free(cpu);
}
