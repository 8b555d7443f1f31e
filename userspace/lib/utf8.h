/* SPDX-License-Identifier: MIT */
/* utf8.h - names come from models, which are anybody's; what is written as JSON has to be UTF-8. */
#ifndef LXA_LIB_UTF8_H
#define LXA_LIB_UTF8_H

/* Length of the well-formed sequence (RFC 3629) at s, which ends with a 0; 0 when there is none. */
static inline int utf8_length(const unsigned char *s)
{
	int n = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 :
		s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0, i;

	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

#endif
