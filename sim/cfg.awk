# SPDX-License-Identifier: MIT
# cfg.awk - C constants from a configuration's lxa_cfg_pkg.sv, so that the functional engine has the RTL's numbers.
BEGIN { print "/* Generated from lxa_cfg_pkg.sv by sim/cfg.awk. */\n#ifndef LXA_CFG_H\n#define LXA_CFG_H" }
/localparam int unsigned/ {
	match($0, /[A-Z0-9_]+ *= *[0-9]+;/)
	split(substr($0, RSTART, RLENGTH - 1), part, / *= */)
	print "#define LXA_CFG_" part[1] " " part[2] "u"
}
END { print "#endif" }
