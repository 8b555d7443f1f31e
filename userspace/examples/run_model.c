// SPDX-License-Identifier: MIT
/* run_model.c - the shortest program: run_model MODEL.onnx INPUT.npy OUTPUT.npy. LXA_DEVICE says on which device. */
#include <lxa.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct lxa_tensor in, out;
	struct lxa_device *dev;
	struct lxa_model *model;
	struct lxa_plan *plan;
	struct lxa_err err = { "usage: run_model MODEL.onnx INPUT.npy OUTPUT.npy" };

	if (argc != 4 || lxa_tensor_read(argv[2], &in, &err) || lxa_device_open(NULL, &dev, &err) ||
	    lxa_model_load(argv[1], &model, &err) || lxa_plan_create(model, dev, 16, &plan, &err) ||
	    lxa_plan_run(plan, &in, &out, NULL, NULL, &err) || lxa_tensor_write(argv[3], &out, &err)) {
		fprintf(stderr, "run_model: %s\n", err.text);
		return 1;
	}
	printf("%lld images\n", (long long)out.dims[0]);
	return 0;	/* everything goes with the process */
}
