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

  localparam int unsigned JOBS_LOG2 = 3;  // jobs dispatched and not completed, at most 2^this

endpackage
