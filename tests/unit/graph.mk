# SPDX-License-Identifier: MIT
# Tests of the graph half of liblxa: loader, writer, shapes, operators, quantizers, tensor files.

GRAPH_TESTS := graph_test onnx_ops_test quant_ops_test onnx_conformance_test
NODE_TESTS := qonnx_test
GRAPH_TEST_BINS := $(GRAPH_TESTS:%=$(B)/tests/unit/%) $(NODE_TESTS:%=$(B)/tests/unit/%)

# They need nothing of the device: only these parts of the library are linked.
GRAPH_LIB_OBJS := $(patsubst %.c,$(B)/%.o,$(addprefix userspace/lib/,bcast.c cpu.c cpu_conv.c cpu_dnnl.c cpu_eltwise.c \
	cpu_gemm.c cpu_move.c cpu_norm.c cpu_pool.c cpu_quant.c err.c graph.c graph_order.c infer.c infer_move.c infer_nn.c \
	infer_quant.c onnx_load.c onnx_pb.c onnx_save.c op_util.c ops.c quant_ops.c tensor_io.c window.c)) $(LXA_PB).o

$(GRAPH_TEST_BINS:%=%.o) $(B)/tests/unit/graph_util.o $(B)/tests/unit/node_util.o: CPPFLAGS += $(LXA_CPPFLAGS)
$(B)/tests/unit/graph_test.o: | $(LXA_PB).h
$(NODE_TESTS:%=$(B)/tests/unit/%): $(B)/tests/unit/node_util.o
$(GRAPH_TEST_BINS): $(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/tests/unit/graph_util.o $(GRAPH_LIB_OBJS)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LXA_LDLIBS)

TESTS += $(GRAPH_TEST_BINS)
ALL += $(GRAPH_TEST_BINS)
