# Makes the C header, the SystemVerilog package, the documentation or the table of names for `lxa coredump` from lxa.regs.
#   awk -v to=c|sv|md|names -f gen.awk lxa.regs
# Plain POSIX awk (Debian's mawk): no gawk extensions.

function hexval(s,   i, n, d) {
  if (s !~ /^0x/) return s + 0
  n = 0
  for (i = 3; i <= length(s); i++) {
    d = index("0123456789abcdef", tolower(substr(s, i, 1))) - 1
    n = n * 16 + d
  }
  return n
}
function rest(first,   i, s) {
  s = $first
  for (i = first + 1; i <= NF; i++) s = s " " $i
  return (s == ".") ? "" : s
}
function add_reg(name, off, access, text) {
  nreg++
  rname[nreg] = name; roff[nreg] = off; racc[nreg] = access; rtext[nreg] = text
}
/^[ \t]*(#|$)/ { next }
$1 == "reg" { add_reg($2, hexval($3), $4, rest(5)); next }
$1 == "reg64" {
  add_reg($2 "_LO", hexval($3), $4, rest(5) " Low half.")
  add_reg($2 "_HI", hexval($3) + 4, $4, "High half.")
  next
}
$1 == "field" {
  nfield++
  freg[nfield] = nreg; fname[nfield] = $2; fmsb[nfield] = $3; flsb[nfield] = $4; ftext[nfield] = rest(5)
  next
}
$1 == "desc" || $1 == "sdesc" {
  nd++
  dname[nd] = $2; dlsb[nd] = $3 * 32 + $5; dwidth[nd] = $4 - $5 + 1; dsigned[nd] = ($1 == "sdesc"); dtext[nd] = rest(6)
  if (nd > 1 && dlsb[nd] < dlsb[nd - 1] + dwidth[nd - 1]) { print "desc fields overlap or out of order: " $2 > "/dev/stderr"; exit 1 }
  next
}
$1 == "cpl" { nc++; cname[nc] = $2; cword[nc] = $3; cwidth[nc] = $4; ctext[nc] = rest(5); next }
$1 == "enum" { ne++; egroup[ne] = $2; ename[ne] = $3; evalue[ne] = $4; etext[ne] = rest(5); next }
{ print "lxa.regs:" NR ": unknown line: " $0 > "/dev/stderr"; exit 1 }

function c_header(   i, r) {
  print "/* SPDX-License-Identifier: GPL-2.0 OR MIT */"
  print "/* Registers, descriptor and completion record. Generated from rtl/regs/lxa.regs: do not edit. */"
  print "#ifndef LXA_REGS_H\n#define LXA_REGS_H\n"
  print "/* Registers: byte offsets, and field masks and shifts. */"
  for (i = 1; i <= nreg; i++) {
    printf "#define LXA_REG_%s 0x%03x\n", rname[i], roff[i]
    for (r = 1; r <= nfield; r++) if (freg[r] == i) {
      printf "#define LXA_%s_%s_SHIFT %d\n", rname[i], fname[r], flsb[r]
      printf "#define LXA_%s_%s_MASK 0x%08xu\n", rname[i], fname[r], mask(fmsb[r] - flsb[r] + 1, flsb[r])
    }
  }
  print "\n/* Descriptor fields: LXA_DF(word, low bit, width). */"
  print "#define LXA_DESC_BYTES 256\n#define LXA_DESC_WORDS 64\n#define LXA_MAGIC 0x4c58"
  print "#define LXA_DF(word, lsb, width) (((word) << 16) | ((lsb) << 8) | (width))"
  print "#define LXA_DF_WORD(f) ((f) >> 16)\n#define LXA_DF_LSB(f) (((f) >> 8) & 0xff)\n#define LXA_DF_WIDTH(f) ((f) & 0xff)"
  for (i = 1; i <= nd; i++)
    printf "#define LXA_D_%s LXA_DF(%d, %d, %d)\n", dname[i], int(dlsb[i] / 32), dlsb[i] % 32, dwidth[i]
  print "\n/* Completion record: index of the (first) 32-bit word. */"
  print "#define LXA_CPL_BYTES 128\n#define LXA_CPL_WORDS 32"
  for (i = 1; i <= nc; i++) printf "#define LXA_C_%s %d\n", cname[i], cword[i]
  print "\n/* Constants. */"
  for (i = 1; i <= ne; i++) printf "#define LXA_HW_%s_%s %d\n", egroup[i], ename[i], evalue[i]
  print "\n#endif"
}
# "enum GROUP" in a field's text: the group that its values belong to, else "".
function group_of(text) {
  return match(text, /enum [A-Z]+/) ? substr(text, RSTART + 5, RLENGTH - 5) : ""
}
function c_names(   i) {
  print "/* SPDX-License-Identifier: MIT */"
  print "/* Names of registers, fields and constants, for people. Generated from rtl/regs/lxa.regs: do not edit. */"
  print "#ifndef LXA_NAMES_H\n#define LXA_NAMES_H\n\n#include <stdint.h>\n"
  print "static const struct reg_name {\n\tuint32_t offset;\n\tconst char *name, *group;\t/* enum of its values, or \"\" */\n} reg_names[] = {"
  for (i = 1; i <= nreg; i++) printf "\t{ 0x%03x, \"%s\", \"%s\" },\n", roff[i], rname[i], group_of(rtext[i])
  print "};\n\nstatic const struct field_name {\n\tuint32_t word, lsb, width, is_signed;\n\tconst char *name, *group;\n} desc_names[] = {"
  for (i = 1; i <= nd; i++)
    printf "\t{ %d, %d, %d, %d, \"%s\", \"%s\" },\n", int(dlsb[i] / 32), dlsb[i] % 32, dwidth[i], dsigned[i], dname[i], group_of(dtext[i])
  print "}, cpl_names[] = {"
  for (i = 1; i <= nc; i++) printf "\t{ %d, 0, %d, 0, \"%s\", \"%s\" },\n", cword[i], cwidth[i], cname[i], group_of(ctext[i])
  print "};\n\nstatic const struct enum_name {\n\tconst char *group, *name;\n\tuint32_t value;\n} enum_names[] = {"
  for (i = 1; i <= ne; i++) printf "\t{ \"%s\", \"%s\", %d },\n", egroup[i], ename[i], evalue[i]
  print "};\n\n#endif"
}
function mask(width, lsb,   i, m) {
  m = 0
  for (i = 0; i < width; i++) m += 2 ^ (lsb + i)
  return m
}
function sv_range(width) { return width == 1 ? "logic" : sprintf("logic [%d:0]", width - 1) }
function sv_package(   i, top, pad) {
  print "// Registers, descriptor and completion record. Generated from rtl/regs/lxa.regs: do not edit."
  print "package lxa_regs_pkg;\n"
  for (i = 1; i <= nreg; i++) printf "  localparam logic [11:0] REG_%s = 12'h%03x;\n", rname[i], roff[i]
  print ""
  for (i = 1; i <= ne; i++) printf "  localparam int unsigned %s_%s = %d;\n", egroup[i], ename[i], evalue[i]
  print ""
  for (i = 1; i <= nc; i++) printf "  localparam int unsigned CPL_%s = %d;\n", cname[i], cword[i]
  print "\n  localparam logic [15:0] DESC_MAGIC = 16'h4c58;"
  print "  localparam int unsigned DESC_W = 2048;\n"
  print "  typedef struct packed {"
  top = 2048; pad = 0
  for (i = nd; i >= 1; i--) {
    if (dlsb[i] + dwidth[i] < top) printf "    %s rsv%d;\n", sv_range(top - dlsb[i] - dwidth[i]), pad++
    printf "    %s %s;\n", (dsigned[i] ? sprintf("logic signed [%d:0]", dwidth[i] - 1) : sv_range(dwidth[i])), tolower(dname[i])
    top = dlsb[i]
  }
  print "  } desc_t;\n\nendpackage"
}
function md_doc(   i, r, g) {
  print "# Registers, descriptor, completion record\n\nGenerated from `rtl/regs/lxa.regs`: do not edit. Reserved bits read 0 and are written 0.\n"
  print "## Registers (AXI4-Lite, 32 bit)\n\n| offset | name | access | meaning |\n|---|---|---|---|"
  for (i = 1; i <= nreg; i++) {
    printf "| 0x%03x | `%s` | %s | %s |\n", roff[i], rname[i], racc[i], rtext[i]
    for (r = 1; r <= nfield; r++) if (freg[r] == i)
      printf "| | `.%s` [%d:%d] | | %s |\n", fname[r], fmsb[r], flsb[r], ftext[r]
  }
  print "\n## Descriptor (256 bytes, little-endian words)\n\n| word | bits | field | meaning |\n|---|---|---|---|"
  for (i = 1; i <= nd; i++)
    printf "| %d | %d:%d | `%s` | %s%s |\n", int(dlsb[i] / 32), dlsb[i] % 32 + dwidth[i] - 1, dlsb[i] % 32, dname[i], dtext[i], (dsigned[i] ? " Signed." : "")
  print "\n## Completion record (128 bytes)\n\n| word | bits | field | meaning |\n|---|---|---|---|"
  for (i = 1; i <= nc; i++) printf "| %d | %d | `%s` | %s |\n", cword[i], cwidth[i], cname[i], ctext[i]
  print "\n## Constants\n\n| enum | name | value | meaning |\n|---|---|---|---|"
  for (i = 1; i <= ne; i++) printf "| %s | `%s` | %d | %s |\n", egroup[i], ename[i], evalue[i], etext[i]
}
END {
  if (to == "c") c_header()
  else if (to == "sv") sv_package()
  else if (to == "md") md_doc()
  else if (to == "names") c_names()
  else { print "gen.awk: -v to=c|sv|md|names" > "/dev/stderr"; exit 1 }
}
