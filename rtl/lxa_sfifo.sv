// SPDX-License-Identifier: MIT
// A synchronous first-in first-out queue of 2^LOG2 entries; the oldest entry is visible without a pop, 0 when empty.
module lxa_sfifo #(
  parameter int unsigned W = 8,
  parameter int unsigned LOG2 = 2
) (
  input  logic          clk_i,
  input  logic          rst_ni,
  input  logic          push_i,
  input  logic [W-1:0]  data_i,
  input  logic          pop_i,
  output logic [W-1:0]  data_o,
  output logic          empty_o,
  output logic [LOG2:0] count_o
);

  logic [W-1:0]  mem_q [0:(1<<LOG2)-1];
  logic [LOG2:0] wr_q, rd_q;

  always_comb begin
    data_o = '0;
    if (!empty_o) data_o = mem_q[rd_q[LOG2-1:0]];
  end
  assign count_o = wr_q - rd_q;
  assign empty_o = wr_q == rd_q;

  always_ff @(posedge clk_i) begin
    // verilator lint_off BLKSEQ
    if (push_i) mem_q[wr_q[LOG2-1:0]] = data_i;  // never the entry that is shown: blocking, so that simulation keeps no copy
    // verilator lint_on BLKSEQ
    if (!rst_ni) begin
      wr_q <= '0;
      rd_q <= '0;
    end else begin
      if (push_i) wr_q <= wr_q + 1'b1;
      if (pop_i) rd_q <= rd_q + 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      a_overflow: assert (!(push_i && count_o[LOG2]));
      a_underflow: assert (!(pop_i && empty_o));
    end
  end

endmodule
