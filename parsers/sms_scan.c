/* SPDX-License-Identifier: BSD-2-Clause
 *
 * sms_scan.c - looking at the bytes of an SMS log with the knowledge of where
 * they end: gaps that wrapping and mail put between words, and angle brackets
 * in all the spellings that mark-up leaves.  Called by the sms_*.c files. */
#include "build.h"

#include "parsers/sms_scan.h"

enum {
    GAP_LINES = 3,  /* line ends inside one gap: a blank line and a wrap */
    BETWEEN_MAX = 96, /* bytes between two parts */
    BLANKS_MAX = 1024 /* a longer run of blanks is taken for text */
};

#define NAME (SMS_NAME)
#define LETTER (SMS_NAME | SMS_WORD)
#define HEX (SMS_NAME | SMS_WORD | SMS_HEX)
#define DIGIT (SMS_NAME | SMS_HEX)

/* SMS_NAME: letters, digits, '_'.  SMS_WORD (of a zone name): letters, '.'. */
const uint8_t sms_class[256] = {
    ['.'] = SMS_WORD, ['_'] = NAME,
    ['0'] = DIGIT, ['1'] = DIGIT, ['2'] = DIGIT, ['3'] = DIGIT, ['4'] = DIGIT,
    ['5'] = DIGIT, ['6'] = DIGIT, ['7'] = DIGIT, ['8'] = DIGIT, ['9'] = DIGIT,
    ['A'] = HEX, ['B'] = HEX, ['C'] = HEX, ['D'] = HEX, ['E'] = HEX, ['F'] = HEX, ['G'] = LETTER,
    ['H'] = LETTER, ['I'] = LETTER, ['J'] = LETTER, ['K'] = LETTER, ['L'] = LETTER, ['M'] = LETTER,
    ['N'] = LETTER, ['O'] = LETTER, ['P'] = LETTER, ['Q'] = LETTER, ['R'] = LETTER, ['S'] = LETTER,
    ['T'] = LETTER, ['U'] = LETTER, ['V'] = LETTER, ['W'] = LETTER, ['X'] = LETTER, ['Y'] = LETTER,
    ['Z'] = LETTER,
    ['a'] = HEX, ['b'] = HEX, ['c'] = HEX, ['d'] = HEX, ['e'] = HEX, ['f'] = HEX, ['g'] = LETTER,
    ['h'] = LETTER, ['i'] = LETTER, ['j'] = LETTER, ['k'] = LETTER, ['l'] = LETTER, ['m'] = LETTER,
    ['n'] = LETTER, ['o'] = LETTER, ['p'] = LETTER, ['q'] = LETTER, ['r'] = LETTER, ['s'] = LETTER,
    ['t'] = LETTER, ['u'] = LETTER, ['v'] = LETTER, ['w'] = LETTER, ['x'] = LETTER, ['y'] = LETTER,
    ['z'] = LETTER,
};

size_t
sms_blanks(struct sms_view *v, size_t i)
{
    size_t bound = i + BLANKS_MAX;
    int c;

    while (i < bound && ((c = sms_at(v, i)) == ' ' || c == '\t'))
        i++;
    return i;
}

size_t
sms_skip_eol(struct sms_view *v, size_t i)
{
    return sms_at(v, i) == '\r' && sms_at(v, i + 1) == '\n' ? i + 2 : i + 1;
}

size_t
sms_gap(struct sms_view *v, size_t i, unsigned *lines)
{
    size_t bound = i + BLANKS_MAX;

    *lines = 0;
    while (i < bound) {
        int c = sms_at(v, i);

        if (c == ' ' || c == '\t' || (c == '>' && *lines)) {
            i++;
        } else if (c == '&' && sms_at(v, i + 1) == 'n' && sms_at(v, i + 2) == 'b' && sms_at(v, i + 3) == 's'
                   && sms_at(v, i + 4) == 'p' && sms_at(v, i + 5) == ';') {
            i += 6;
        } else if ((c == '\r' || c == '\n') && *lines < GAP_LINES) {
            i = sms_skip_eol(v, i);
            ++*lines;
        } else {
            break;
        }
    }
    return i;
}

bool
sms_word(struct sms_view *v, size_t i, const char *word)
{
    for (; *word; word++, i++) {
        int c = sms_at(v, i);

        if (c < 0 || str_lower_char((char) c) != *word)
            return false;
    }
    return true;
}

size_t
sms_bracket(struct sms_view *v, size_t i, char *which)
{
    int c = sms_at(v, i);

    *which = '\0';
    if (c == '<' || c == '>') {
        *which = (char) c;
        return 1;
    }
    if (c != '&' && c != '\\')
        return 0;
    int next = sms_at(v, i + 1);
    if (next == '<' || next == '>') {
        *which = (char) next;
        return 2;
    }
    if (c == '\\')
        return 0;
    size_t k = sms_word(v, i + 1, "amp;") ? 5 : 1;
    if (sms_word(v, i + k, "lt;"))
        *which = '<';
    else if (sms_word(v, i + k, "gt;"))
        *which = '>';
    return *which ? k + 3 : 0;
}

size_t
sms_between(struct sms_view *v, size_t i)
{
    size_t first = i;
    unsigned lines = 0, all = 0;

    while (i - first < BETWEEN_MAX) {
        char which;
        size_t k = sms_bracket(v, i, &which);

        if (k) {
            i += k;
            continue;
        }
        size_t next = sms_gap(v, i, &lines);
        all += lines;
        if (next == i || all > GAP_LINES)
            break;
        i = next;
    }
    return i;
}
