// SPDX-License-Identifier: MIT
/* main.c - the trainer as a program of its own, for the build's own use; people type `lxa train`. */
#include "train.h"

int main(int argc, char **argv)
{
	return lxa_train_main(argc, argv);
}
