// SPDX-License-Identifier: MIT
// Turns one run of words into read requests of up to 256 bytes that do not cross a 256-byte boundary. A request is
// raised only when there is room for its answer; a new run is taken in the cycle in which the last request leaves.
module lxa_reader #(
  localparam int unsigned WBL = $clog2(lxa_cfg_pkg::WORD_W / 8)
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        start_i,      // only while ready_o
  output logic        ready_o,
  input  logic [63:0] addr_i,       // word aligned
  input  logic [31:0] words_i,      // >= 1
  input  logic [15:0] room_i,       // words that may be requested
  output logic        req_valid_o,
  input  logic        req_ready_i,
  output logic [63:0] req_addr_o,
  output logic [5:0]  req_words_o,
  output logic        fire_o        // a request left
);

  localparam int unsigned BURST = 2048 / lxa_cfg_pkg::WORD_W;   // words

  logic busy_q;
  logic [63:0] addr_q;
  logic [31:0] left_q;
  logic [5:0] to_edge, words;

  always_comb begin
    to_edge = '0;
    words = '0;
    if (busy_q) begin
      to_edge = 6'(BURST) - 6'(addr_q[7:WBL]);
      words = left_q < 32'(to_edge) ? 6'(left_q) : to_edge;
    end
  end
  assign req_valid_o = busy_q && 16'(words) <= room_i;
  assign req_addr_o = addr_q;
  assign req_words_o = words;
  assign fire_o = req_valid_o && req_ready_i;
  assign ready_o = !busy_q || (fire_o && left_q == 32'(words));

  always_ff @(posedge clk_i) begin
    if (fire_o) begin
      addr_q <= addr_q + 64'({words, WBL'(0)});
      left_q <= left_q - 32'(words);
      if (left_q == 32'(words)) busy_q <= 1'b0;
    end
    if (start_i) begin
      busy_q <= 1'b1;
      addr_q <= addr_i;
      left_q <= words_i;
    end
    if (!rst_ni) busy_q <= 1'b0;
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni && start_i) assert (ready_o && words_i != 0);
    if (rst_ni && start_i) assert (addr_i[WBL-1:0] == '0);
  end
`endif
endmodule
