# SPDX-License-Identifier: MIT
# Programs that print ratios; none is a test. Included by the Makefile after userspace/, whose libraries they link.
BENCH := $(B)/tests/bench
BENCH_COMMON := $(BENCH)/bench_dev.o $(BENCH)/nets.o
$(BENCH)/%.o: CPPFLAGS += -Iuserspace -Idriver -Idriver/uapi -Isim -Itests/rtl

$(BENCH)/bench-rtl: $(BENCH)/bench-rtl.o $(BENCH_COMMON) $(LXA_LIB) $(DRIVER_LIB) $(SIM_LIB)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DRIVER_LDLIBS) $(LXA_LDLIBS)

.PHONY: bench-rtl
bench-rtl: $(BENCH)/bench-rtl ## utilisation of the RTL on known networks, with the causes of stalls; then over memory speeds
	@$<
	@$< --memory

# The simulator alone, without driver and library.
$(BENCH)/bench-sim: $(BENCH)/bench-sim.o $(RTLT_COMMON) $(SIM_LIB)
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(SIM_LDLIBS)

$(BENCH)/rusage: $(BENCH)/rusage.o
	@$(CC) $(LDFLAGS) -o $@ $^

.PHONY: bench-sim
bench-sim: $(BENCH)/bench-sim $(BENCH)/rusage ## speed and memory of the simulator, time to build it
	@B=$(B) CONFIG=$(CONFIG) tests/bench/bench-sim.sh

$(BENCH)/bench-vgg: $(BENCH)/bench-vgg.o $(BENCH_COMMON) $(LXA_LIB) $(DRIVER_LIB) $(SIM_LIB)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DRIVER_LDLIBS) $(LXA_LDLIBS) -lm

.PHONY: bench-vgg
bench-vgg: $(BENCH)/bench-vgg ## all convolutions of VGG-16 on the RTL, every byte against the model engine
	@$<

# Plain system calls, nothing of ours linked: the same program runs in a kernel.
$(BENCH)/bench_path.o: CPPFLAGS += -Itests/kselftest
$(BENCH)/bench-path: $(BENCH)/bench_path.o
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) -o $@ $^

.PHONY: bench-path
bench-path: $(BENCH)/bench-path $(B)/lxa $(PRELOAD_LIB) ## cost of a job from submit to completion: in-process and daemon
	@B=$(B) tests/bench/bench-path.sh

# LXA's CPU kernels against oneDNN. Other benches of the CPU half are added to `bench`.
$(BENCH)/bench-cpu.o: CPPFLAGS += $(LXA_CPPFLAGS)
$(BENCH)/bench-cpu: $(BENCH)/bench-cpu.o $(LXA_LIB) $(DRIVER_LIB) $(SIM_LIB)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DRIVER_LDLIBS) $(LXA_LDLIBS)

.PHONY: bench
bench: bench-cpu bench-resnet20 ## speed of the CPU half
.PHONY: bench-cpu
bench-cpu: $(BENCH)/bench-cpu ## LXA's log and XNOR kernels against oneDNN
	@OMP_NUM_THREADS=1 $<

# The CPU half of the library, which knows nothing of a device here; the direct version reads the graph's weights.
$(BENCH)/bench-resnet20.o $(BENCH)/resnet20_dnnl.o: CPPFLAGS += $(LXA_CPPFLAGS)
$(BENCH)/bench-resnet20: $(BENCH)/bench-resnet20.o $(BENCH)/resnet20_dnnl.o $(LXA_LIB) $(DRIVER_LIB) $(SIM_LIB)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DRIVER_LDLIBS) $(LXA_LDLIBS)

.PHONY: bench-resnet20
bench-resnet20: $(BENCH)/bench-resnet20 ## float ResNet-20 on the CPU against the same network written directly against oneDNN
	@LXA_DATA=$(TEST_DATA) OMP_NUM_THREADS=1 $<
