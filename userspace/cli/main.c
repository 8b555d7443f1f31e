// SPDX-License-Identifier: MIT
/* main.c - the `lxa` command: picks the subcommand. */
#include "cli.h"

#include <errno.h>
#include <string.h>

static const char usage[] =
	"usage: lxa COMMAND [OPTIONS]\n"
	"\n"
	"  lxa info                  the device and its parameters\n"
	"  lxa plan MODEL            where each node of an ONNX model will run, and why\n"
	"  lxa run MODEL --data DIR  classify the test images of a data set (digits, MNIST or CIFAR-10 files in DIR)\n"
	"  lxa run MODEL --input FILE --output FILE\n"
	"                            run on tensors, .npy or ONNX TensorProto .pb; both options repeat, in the graph's\n"
	"                            order or as NAME=FILE\n"
	"  lxa daemon --socket PATH  share a simulated device between processes; `lxa daemon --help`\n"
	"  lxa coredump FILE         what the driver saved of the device before a reset\n"
	"  lxa quantize              make a quantized model of a float one; `lxa quantize --help`\n"
	"  lxa train                 make a network from a data set; `lxa train --help`\n"
	"  lxa sim --serve SOCKET    host the simulated device for a kernel in User Mode Linux; `lxa sim --help`\n"
	"  lxa --version             of the library and of the driver's interface\n"
	"\n"
	"options of info, plan and run:\n"
	"  --engine rtl|model|cpu    simulated RTL, functional model (same bits, faster), or no device at all\n"
	"  --device PATH             a device node; default: $LXA_DEVICE, else /dev/lxa0, else the simulated RTL\n"
	"  --json FILE               the figures as JSON (plan, run)\n"
	"options of plan:\n"
	"  --dot FILE                the graph for Graphviz, places as colours\n"
	"  --html FILE               the same as one page that needs nothing else\n"
	"options of run:\n"
	"  --limit N                 that many images\n"
	"  --mean A[,B,C] --std A[,B,C]\n"
	"                            images of --data as (pixel - mean) / std, one number or one a channel; else the pixels\n"
	"  --batch N                 images in one job at most\n"
	"  --jobs N                  spread the images over N devices side by side (simulated: N of them)\n"
	"  --threads N               threads of the CPU kernels (engine cpu, and the comparison with the device)\n"
	"  --trace FILE              record the device: a waveform for *.fst, else a log of registers and commands\n"
	"  --profile FILE            where the time goes: a trace for Perfetto or chrome://tracing, and a table\n"
	"  --no-check                do not compare the device's results with the CPU's\n"
	"\n"
	"exit codes: 0 done; 1 failed (stderr says what and where); 2 wrong usage; 3 the device's bits differ from the\n"
	"CPU's; 130 stopped by Ctrl-C\n";

/* What was printed has to have arrived, too: a full disk is no success. */
static int said(int rc)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return rc;
	fprintf(stderr, "lxa: standard output: %s\n", errno ? strerror(errno) : "cannot be written");
	return rc == EXIT_OK ? EXIT_FAILED : rc;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} commands[] = {
		{ "info", cmd_info }, { "plan", cmd_plan }, { "run", cmd_run }, { "daemon", cmd_daemon },
		{ "quantize", cmd_quantize },
		{ "train", lxa_train_main }, { "coredump", cmd_coredump },
		{ "sim", cmd_sim },
	};

	if (argc >= 2 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help"))) {
		fputs(usage, stdout);
		return EXIT_OK;
	}
	if (argc >= 2 && !strcmp(argv[1], "--version")) {
		printf("lxa %s, driver interface %d\n", LXA_VERSION, LXA_ABI_VERSION);
		return said(EXIT_OK);
	}
	for (size_t i = 0; argc >= 2 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name))
			return said(commands[i].run(argc - 1, argv + 1));
	if (argc >= 2)
		fprintf(stderr, "lxa: no command `%s'\n", argv[1]);
	fputs(usage, stderr);
	return EXIT_USAGE;
}
