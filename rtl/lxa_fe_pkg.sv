// SPDX-License-Identifier: MIT
// Types that the front end's modules pass to each other.
package lxa_fe_pkg;

  // an access that failed
  typedef struct packed {
    logic [2:0]  status;  // enum STATUS
    logic [2:0]  stream;  // enum STREAM
    logic [63:0] addr;
    logic [63:0] base;    // window violation: base of the window
  } err_t;

  // what is remembered of a job from its dispatch to its completion
  typedef struct packed {
    logic        nop;
    logic        irq;
    logic [31:0] seq;
    logic [95:0] act;     // windows: size, base
    logic [95:0] wgt;
    logic [95:0] par;
    logic [95:0] out;
  } job_t;

  localparam int unsigned JOBS_LOG2 = 3;  // jobs dispatched and not completed, at most 2^this

endpackage
