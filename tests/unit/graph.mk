# SPDX-License-Identifier: MIT
# Tests of the graph half of liblxa: loader, writer, shapes, operators, quantizers, tensor files.

GRAPH_TESTS := graph_test onnx_ops_test quant_ops_test onnx_conformance_test onnx_models_test
NODE_TESTS := qonnx_test onnx_nn_test onnx_quantized_test onnx_hostile_test ops_doc_test onnx_eltwise_test onnx_cast_test onnx_reduce_test onnx_move_test onnx_resize_test onnx_shape_test
NODE_UTIL := $(addprefix $(B)/tests/unit/,node_util.o geometry_util.o)
GRAPH_TEST_BINS := $(GRAPH_TESTS:%=$(B)/tests/unit/%) $(NODE_TESTS:%=$(B)/tests/unit/%)

# They need nothing of the device: only these parts of the library are linked.
GRAPH_LIB_OBJS := $(patsubst %.c,$(B)/%.o,$(wildcard userspace/lib/cpu*.c userspace/lib/infer*.c userspace/lib/op_*.c) \
	$(addprefix userspace/lib/,bcast.c dtype.c err.c graph.c graph_order.c onnx_load.c onnx_pb.c onnx_save.c \
	ops.c quant_ops.c tensor_io.c window.c)) $(LXA_PB).o

$(GRAPH_TEST_BINS:%=%.o) $(B)/tests/unit/graph_util.o $(NODE_UTIL): CPPFLAGS += $(LXA_CPPFLAGS)
$(addprefix $(B)/tests/unit/,graph_test.o onnx_hostile_test.o onnx_conformance_test.o): | $(LXA_PB).h
$(NODE_TESTS:%=$(B)/tests/unit/%): $(NODE_UTIL)
$(GRAPH_TEST_BINS): $(B)/tests/unit/%: $(B)/tests/unit/%.o $(B)/tests/unit/graph_util.o $(GRAPH_LIB_OBJS)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LXA_LDLIBS)

TESTS += $(GRAPH_TEST_BINS)
ALL += $(GRAPH_TEST_BINS)
