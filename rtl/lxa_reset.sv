// SPDX-License-Identifier: MIT
// Soft reset: stop, drain the bus, then reset everything but the register port.
//
// AXI has no way to take a transaction back, so a reset first lets the DMA engines finish what they have issued (the
// core and the command engine are held in reset meanwhile; read data is thrown away). When nothing moves on the bus for
// HANG_CYCLES cycles the memory side is taken to be dead and the reset goes on regardless, which breaks the AXI rules
// for the transactions then open. bus_reset_o is therefore high during the reset pulse: whatever sits between the
// device and memory must drop this master's open transactions on it, or a late answer could be taken for a new one.
module lxa_reset #(
  parameter int unsigned HANG_CYCLES = 1024,
  parameter int unsigned PULSE_CYCLES = 8
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic req_i,         // start
  input  logic bus_active_i,  // a transaction is open
  input  logic bus_move_i,    // a handshake took place on the bus in this cycle
  output logic resetting_o,
  output logic core_rst_no,   // everything without bus obligations
  output logic dma_rst_no,    // DMA engines
  output logic bus_reset_o
);

  typedef enum logic [1:0] {RUN, DRAIN, PULSE} state_e;
  localparam int unsigned CNT_W = $clog2(HANG_CYCLES + 1);

  state_e            state_q;
  logic [CNT_W-1:0]  cnt_q;

  assign resetting_o = state_q != RUN;
  assign core_rst_no = rst_ni && state_q == RUN;
  assign dma_rst_no = rst_ni && state_q != PULSE;
  assign bus_reset_o = state_q == PULSE;

  always_ff @(posedge clk_i) begin
    if (!rst_ni) begin
      state_q <= RUN;
      cnt_q <= '0;
    end else if (state_q == RUN) begin
      if (req_i) state_q <= DRAIN;
      cnt_q <= '0;
    end else if (state_q == DRAIN) begin
      cnt_q <= bus_move_i ? '0 : cnt_q + 1'b1;
      if (!bus_active_i || cnt_q == CNT_W'(HANG_CYCLES)) begin
        state_q <= PULSE;
        cnt_q <= '0;
      end
    end else begin
      cnt_q <= cnt_q + 1'b1;
      if (cnt_q == CNT_W'(PULSE_CYCLES - 1)) state_q <= RUN;
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni) a_state: assert (state_q <= PULSE);
    if (rst_ni) a_count: assert (cnt_q <= CNT_W'(HANG_CYCLES));
  end

endmodule
