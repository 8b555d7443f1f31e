// SPDX-License-Identifier: MIT
// For `make area`: carries ripple (the smallest adder) where yosys would build a Brent-Kung tree. A techmap rule.
(* techmap_celltype = "$lcu" *)
module _80_lxa_ripple (P, G, CI, CO);
  parameter WIDTH = 2;
  input [WIDTH-1:0] P, G;
  input CI;
  output [WIDTH-1:0] CO;
  wire [WIDTH:0] c = {CO, CI};
  assign CO = G | (P & c[WIDTH-1:0]);
endmodule
