/* SPDX-License-Identifier: BSD-2-Clause
 *
 * str.h - a borrowed run of bytes.  p NULL means the fact is absent, n 0 with
 * p set means it is there and empty; the two are never mixed up.  A str owns
 * nothing: whoever made it says how long the bytes live (for an event: until
 * the arena of its batch is reset). */
#ifndef PARSERS_STR_H
#define PARSERS_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p;
    size_t n;
};

#define STR_NONE ((struct str){NULL, 0})
#define STR(literal) ((struct str){literal, sizeof(literal) - 1})
#define STR_ARG(s) (int) (s).n, (s).p ? (s).p : ""

static inline struct str
str_make(const char *p, size_t n)
{
    return (struct str){p, n};
}

/* The str over the NUL-terminated 'z'; absent when 'z' is NULL. */
static inline struct str
str_z(const char *z)
{
    return (struct str){z, z ? strlen(z) : 0};
}

static inline bool
str_has(struct str s)
{
    return s.p != NULL;
}

static inline bool
str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* ASCII only, whatever the locale. */
static inline char
str_lower_char(char c)
{
    return c >= 'A' && c <= 'Z' ? (char) (c + 32) : c;
}

static inline char
str_upper_char(char c)
{
    return c >= 'a' && c <= 'z' ? (char) (c - 32) : c;
}

static inline bool
str_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool
str_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static inline bool
str_is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static inline bool
str_is_alnum(char c)
{
    return str_is_digit(c) || (str_lower_char(c) >= 'a' && str_lower_char(c) <= 'z');
}

/* The value of the hexadecimal digit 'c', or -1. */
static inline int
str_hex_value(char c)
{
    if (str_is_digit(c))
        return c - '0';
    c = str_lower_char(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Equality that folds ASCII case. */
static inline bool
str_case_eq(struct str a, struct str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (str_lower_char(a.p[i]) != str_lower_char(b.p[i]))
            return false;
    return true;
}

static inline bool
str_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool
str_case_starts(struct str s, struct str prefix)
{
    return s.n >= prefix.n && str_case_eq(str_make(s.p, prefix.n), prefix);
}

/* 's' without the first 'k' bytes ('k' at most s.n). */
static inline struct str
str_skip(struct str s, size_t k)
{
    return (struct str){s.p + k, s.n - k};
}

/* 's' without white space (str_is_space) at both ends. */
static inline struct str
str_trim(struct str s)
{
    while (s.n && str_is_space(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && str_is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

/* Offset of the first 'c' in 's', or s.n when there is none. */
static inline size_t
str_find_char(struct str s, char c)
{
    const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
    return at ? (size_t) (at - s.p) : s.n;
}

/* Offset of the first 'needle' in 's' (ASCII case folded), or s.n. */
static inline size_t
str_find_case(struct str s, struct str needle)
{
    for (size_t i = 0; needle.n && i + needle.n <= s.n; i++)
        if (str_lower_char(s.p[i]) == str_lower_char(needle.p[0])
            && str_case_eq(str_make(s.p + i, needle.n), needle))
            return i;
    return s.n;
}

/* FNV-1a, 64 bits (draft-eastlake-fnv), going on from 'h'. */
static inline uint64_t
str_hash_from(uint64_t h, struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char) s.p[i]) * UINT64_C(1099511628211);
    return h;
}

/* The whole of it, from FNV's own offset basis.  What is made of it stands on disks
 * and in management systems: it must not change. */
static inline uint64_t
str_hash(struct str s)
{
    return str_hash_from(UINT64_C(14695981039346656037), s);
}

#endif
