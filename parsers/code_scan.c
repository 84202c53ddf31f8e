/* SPDX-License-Identifier: BSD-2-Clause
 *
 * code_scan.c - finds the error code in a record's text.  Called by
 * diagnose.c once a prefilter has seen one of the triggers.  It knows how codes are
 * spelled; what a code or a text means is the catalogue's business.
 *
 * White space, line ends (a quoting program wraps anywhere) and '~' (how SMS
 * writes a line end) are all one blank here. */
#include "build.h"

#include "parsers/code_scan.h"

const char *const code_scan_triggers[] = {
    "error", "win32", "return:", "0x8007", "(8007", "=8007", "hresult", "21479", "21480", "-2147", "-2146", "0x8004",
    "failed", "failure", "cannot", "can't", "could", "unable", NULL,
};

enum { CODE_DIGITS = 5 }; /* no Win32 code is longer */

/* How sure a spelling is; the surest wins, then the leftmost. */
enum spelling { SPELLING_NONE, SPELLING_PAREN, SPELLING_HRESULT, SPELLING_WORDS, SPELLING_WIN32 };

struct found {
    enum spelling spelling;
    uint32_t code;
    struct code_hresults *others; /* NULL: not asked for */
    bool failure_known;           /* 'failure' has been looked for */
    size_t failure;               /* where the first word for a failure ends; SIZE_MAX: nowhere */
};

static bool
is_gap(char c)
{
    return str_is_space(c) || c == '~';
}

static bool
is_word(char c)
{
    return str_is_alnum(c) || c == '_';
}

static size_t
skip_gap(struct str t, size_t i)
{
    while (i < t.n && is_gap(t.p[i]))
        i++;
    return i;
}

/* True and '*at' moved past 'word' (lower case) when it stands at '*at'. */
static bool
take(struct str t, size_t *at, struct str word)
{
    if (!str_case_starts(str_skip(t, *at), word))
        return false;
    *at += word.n;
    return true;
}

static bool
take_char(struct str t, size_t *at, char c)
{
    if (*at >= t.n || t.p[*at] != c)
        return false;
    ++*at;
    return true;
}

/* The low half of an HRESULT of facility Win32, or the plain code. */
static bool
as_win32(uint64_t value, uint32_t *code)
{
    if (value >> 16 == 0x8007)
        *code = (uint32_t) (value & 0xFFFF);
    else if (value <= 0xFFFF)
        *code = (uint32_t) value;
    else
        return false;
    return true;
}

/* True when a file name goes on at 'i': ".txt", ".EXE".  A sentence that begins
 * right behind a full stop has small letters after a capital one. */
static bool
is_extension(struct str t, size_t i)
{
    size_t n = 0, upper = 0;

    if (i >= t.n || t.p[i] != '.')
        return false;
    for (t = str_skip(t, i + 1); n < t.n && is_word(t.p[n]); n++)
        upper += t.p[n] >= 'A' && t.p[n] <= 'Z';
    return n >= 2 && n <= 4 && (upper == 0 || upper == n);
}

/* Reads the digits at '*at', decimal or, after 0x, hexadecimal (with C's L behind
 * them, as headers write an HRESULT).  They must end where they end: no letter,
 * digit, decimal point with digits or rest of a file's name may follow. */
static bool
take_number(struct str t, size_t *at, bool hex, uint64_t *value)
{
    size_t i = *at, begin;
    bool prefix = i + 1 < t.n && t.p[i] == '0' && str_lower_char(t.p[i + 1]) == 'x';

    if (prefix) {
        hex = true;
        i += 2;
    }
    *value = 0;
    for (begin = i; i < t.n && i - begin <= 10; i++) {
        int digit = str_hex_value(t.p[i]);

        if (digit < 0 || (!hex && digit > 9))
            break;
        *value = *value * (hex ? 16 : 10) + (unsigned) digit;
    }
    if (prefix && i > begin && i < t.n && str_lower_char(t.p[i]) == 'l')
        i++;
    if (i == begin || i - begin > 11 || (i < t.n && is_word(t.p[i])))
        return false;
    if (i + 1 < t.n && (t.p[i] == '.' || t.p[i] == ',') && str_is_digit(t.p[i + 1]))
        return false;
    if (is_extension(t, i) || (i < t.n && t.p[i] == '\\'))
        return false;
    *at = i;
    return true;
}

/* A number that can be a code: plain, or an HRESULT in any notation. */
static bool
take_code(struct str t, size_t *at, uint32_t *code)
{
    size_t i = *at;
    uint64_t value;
    bool minus = take_char(t, &i, '-');

    if (!take_number(t, &i, false, &value))
        return false;
    if (minus) {
        if (value > 0x7FFFFFFF)
            return false;
        value = 0x100000000 - value;
        if (value >> 16 != 0x8007)
            return false;
    }
    if (!as_win32(value, code))
        return false;
    *at = i;
    return true;
}

/* Win32 Error = N, Win32 = N, WIN32 error N, Win32 Error Code = N, and so on.
 * 'i' is behind "win32". */
static bool
after_win32(struct str t, size_t i, uint32_t *code)
{
    bool error, sign;

    i = skip_gap(t, i);
    error = take(t, &i, STR("error"));
    if (error)
        i = skip_gap(t, i);
    if (take(t, &i, STR("code")))
        i = skip_gap(t, i);
    sign = take_char(t, &i, '=') || take_char(t, &i, ':');
    if (!error && !sign)
        return false;
    i = skip_gap(t, i);
    return take_code(t, &i, code);
}

/* The last word that ends before 'at', without the blanks between. */
static struct str
word_before(struct str t, size_t at)
{
    size_t end;

    while (at && (is_gap(t.p[at - 1]) || t.p[at - 1] == ','))
        at--;
    end = at;
    while (at && is_word(t.p[at - 1]))
        at--;
    return str_make(t.p + at, end - at);
}

static bool
is_one_of(struct str word, const char *const *list)
{
    for (; *list; list++)
        if (str_case_eq(word, str_z(*list)))
            return true;
    return false;
}

/* Where the first word ends by which the text speaks of a failure: what "(5)" at
 * its end needs.  SIZE_MAX: nowhere; "without error" and "no failure" do not.
 * Looked for once a text, which may hold "error N" thousands of times. */
static size_t
failure_end(struct str t, struct found *f)
{
    static const char *const words[] = {"failed", "failure",  "cannot", "can't", "could not",
                                        "couldn't", "unable", "error",  NULL};
    static const char *const none[] = {"no", "without", "any", "0", NULL};
    static const char *const counted[] = {"files", "packages", "items", "objects", NULL};

    if (f->failure_known)
        return f->failure;
    f->failure_known = true;
    f->failure = SIZE_MAX;
    for (const char *const *w = words; *w; w++) {
        size_t at = 0, n;

        while (at < t.n && (n = str_find_case(str_skip(t, at), str_z(*w))) < t.n - at) {
            struct str before = word_before(t, at + n);

            /* "0 files failed", and not "copied 0 files, failed" */
            if (is_one_of(before, counted) && before.p[before.n] != ',')
                before = word_before(t, (size_t) (before.p - t.p));
            if (!is_one_of(before, none)) {
                f->failure = at + n + strlen(*w);
                t.n = f->failure - 1; /* others count only where they end sooner */
                break;
            }
            at += n + 1;
        }
    }
    return f->failure;
}

/* "..., error N" or ". Error N." as the end of a text that speaks of a failure
 * before it; 'at' is at "error", 'end' behind the number. */
static bool
ends_sentence(struct str t, size_t at, size_t end, struct found *f)
{
    while (at && is_gap(t.p[at - 1]))
        at--;
    if (!at || !memchr(",.;", t.p[at - 1], 3) || failure_end(t, f) > at)
        return false;
    if (end < t.n && t.p[end] == '.')
        end++;
    return end == t.n || is_gap(t.p[end]);
}

/* "N (0xN)": both notations of one number, as copying tools write it. */
static bool
is_said_twice(struct str t, size_t end, uint32_t code)
{
    uint64_t value;

    end = skip_gap(t, end);
    return take_char(t, &end, '(') && str_case_starts(str_skip(t, end), STR("0x")) && take_number(t, &end, true, &value)
           && value == code && end < t.n && t.p[end] == ')';
}

/* error N where the words around it say whose error: "(error N)", "Error N:",
 * "reported error N", "failed with error code N", or where it closes a sentence.
 * "error = N" and "error code = N" are private codes of the component that
 * prints them.  'at' is at "error". */
static bool
after_error(struct str t, size_t at, uint32_t *code, struct found *f)
{
    static const char *const witness[] = {"reported", "returned", "with", "system", "os", "windows", "failed", NULL};
    static const char *const foreign[] = {"sql", "odbc", "dblib", NULL};
    size_t i = at + 5;
    struct str before = word_before(t, at);
    bool paren = at && t.p[at - 1] == '(', sign = false;

    if (i >= t.n || is_one_of(before, foreign))
        return false;
    i = skip_gap(t, i);
    if (is_one_of(before, witness) && i > at + 5 && take(t, &i, STR("code")) && i < t.n && is_gap(t.p[i]))
        i = skip_gap(t, i);
    if (paren)
        sign = take_char(t, &i, ':') || take_char(t, &i, '=');
    if (!sign && i == at + 5)
        return false; /* "Error32" is a name */
    i = skip_gap(t, i);
    if (!take_code(t, &i, code))
        return false;
    if (paren)
        return i < t.n && t.p[i] == ')';
    if (ends_sentence(t, at, i, f) || is_said_twice(t, i, *code))
        return true;
    i = skip_gap(t, i);
    return (i < t.n && t.p[i] == ':') || is_one_of(before, witness);
}

/* GetLastError N, GetLastError() = N, GetLastError returned N, last error = N;
 * 'i' is behind it. */
static bool
after_last_error(struct str t, size_t i, uint32_t *code)
{
    static const char *const verbs[] = {"returned", "returns", "is", "was", NULL};

    i = skip_gap(t, i);
    if (take_char(t, &i, '('))
        take_char(t, &i, ')');
    i = skip_gap(t, i);
    for (const char *const *v = verbs; *v; v++) {
        size_t at = i;

        if (take(t, &at, str_z(*v)) && at < t.n && is_gap(t.p[at])) {
            i = skip_gap(t, at);
            break;
        }
    }
    if (!take_char(t, &i, '='))
        take_char(t, &i, ':');
    i = skip_gap(t, i);
    return take_code(t, &i, code);
}

/* "return: N": decimal, and the end of its word; "ffff" is a NetWare status. */
static bool
after_return(struct str t, size_t i, uint32_t *code)
{
    uint64_t value;

    i = skip_gap(t, i);
    if (i + 1 < t.n && str_lower_char(t.p[i + 1]) == 'x')
        return false;
    return take_number(t, &i, false, &value) && value <= 0xFFFF && as_win32(value, code);
}

/* (#0xN) and (#N): the sign says that it is a code. */
static bool
after_hash(struct str t, size_t i, uint32_t *code)
{
    return take_code(t, &i, code) && i < t.n && t.p[i] == ')';
}

/* True when what stands before 'at' says that a code begins there: '(', or the
 * word for one, as in "error code = 80070020" and "(Error: 800704C8)". */
static bool
is_code_place(struct str t, size_t at)
{
    static const char *const words[] = {"error", "code", "hr", "hresult", NULL};

    if (at && t.p[at - 1] == '(')
        return true;
    while (at && is_gap(t.p[at - 1]))
        at--;
    if (at && (t.p[at - 1] == '=' || t.p[at - 1] == ':'))
        at--;
    return is_one_of(word_before(t, at), words);
}

/* True when the decimal number [at, end) is said to measure something. */
static bool
is_measure(struct str t, size_t at, size_t end)
{
    static const char *const units[] = {"byte", "bytes", "b", "kb", "octets", "records", NULL};
    static const char *const names[] = {"bytes", "size", "length", "position", "offset", "transferred", NULL};
    size_t from = end = skip_gap(t, end);

    while (end < t.n && is_word(t.p[end]))
        end++;
    if (is_one_of(str_make(t.p + from, end - from), units))
        return true;
    while (at && is_gap(t.p[at - 1]))
        at--;
    if (at && (t.p[at - 1] == '=' || t.p[at - 1] == ':'))
        at--;
    return is_one_of(word_before(t, at), names);
}

/* A number that is a code by its own value: the HRESULT of a failure, whose top bit
 * is set ([MS-ERREF] 2.1); 0 for none. */
static uint32_t
hresult_at(struct str t, size_t i)
{
    uint64_t value;
    bool minus = take_char(t, &i, '-'), bare = is_code_place(t, i);
    size_t begin = i;

    if (!take_number(t, &i, false, &value)
        && !(bare && take_number(t, &i, true, &value) && i - begin == 8))
        return 0;
    if (bare && i - begin == 8 && t.p[begin] == '8' && value >> 16 != 0x8007) {
        i = begin; /* (80070020): decimal digits, hexadecimal meaning */
        if (!take_number(t, &i, true, &value))
            return 0;
    }
    if (minus)
        value = value <= 0x7FFFFFFF ? 0x100000000 - value : 0;
    if (value >> 31 != 1 || (t.p[begin] == '2' && is_measure(t, begin, i)))
        return 0;
    return (uint32_t) value;
}

/* Facility Win32 shows its Win32 code; what is of others is noted. */
static bool
win32_hresult_at(struct str t, size_t i, uint32_t *code, struct found *f)
{
    uint32_t value = hresult_at(t, i);

    *code = value & 0xFFFF;
    if (value >> 16 == 0x8007)
        return true;
    if (value && f->others && f->others->n < CODE_HRESULTS)
        f->others->value[f->others->n++] = value;
    return false;
}

/* Keeps the surer of two sightings; the earlier when they are equal. */
static void
keep(struct found *f, enum spelling s, uint32_t code)
{
    if (s > f->spelling) {
        f->spelling = s;
        f->code = code;
    }
}

static bool
is_number(struct str word)
{
    size_t i = 0;

    while (i < word.n && str_is_digit(word.p[i]))
        i++;
    return word.n && i == word.n;
}

/* "(N)" or "(0xN)" as the last thing of a text that speaks of a failure, unless
 * the word before is a number, or says that N counts or names something. */
static bool
paren_at_end(struct str t, uint32_t *code, struct found *f)
{
    static const char *const counts[] = {
        "version", "retry", "retries", "attempt", "attempts", "count", "thread", "line", "job", "jobs",
        "files", "records", "bytes", "server", "site", "id", "process", "request", "times", "total",
        "flag", "flags", "mask", "handle", "event", "address", "state", "record", "machine", "resource", "row",
        "item", "instance", "key", "step", "collection", "port", "done", "succeeded", "copied", "skipped", "updated",
        "passed", "ok", NULL};
    size_t end = t.n, at, digits;
    struct str before;
    uint64_t value;

    while (end && (is_gap(t.p[end - 1]) || t.p[end - 1] == '.' || t.p[end - 1] == '!'))
        end--;
    if (end < 3 || t.p[end - 1] != ')')
        return false;
    for (at = end - 1; at && str_is_alnum(t.p[at - 1]); at--)
        ;
    digits = end - 1 - at;
    if (!at || t.p[at - 1] != '(' || !digits)
        return false;
    if (digits > CODE_DIGITS && (digits > 10 || str_lower_char(t.p[at + 1]) != 'x'))
        return false;
    before = word_before(t, at - 1);
    if (is_one_of(before, counts) || is_number(before))
        return false;
    if (!take_number(t, &at, false, &value) || at != end - 1 || value > 0xFFFF || !as_win32(value, code))
        return false;
    return failure_end(t, f) <= end;
}

/* What begins at 'i', the first character of a word or a sign. */
static void
look_at(struct str t, size_t i, struct found *f)
{
    uint32_t code = 0;
    size_t at = i;
    bool seen = false;
    enum spelling spelling = SPELLING_WORDS;

    switch (str_lower_char(t.p[i])) {
    case 'w':
        spelling = SPELLING_WIN32;
        seen = take(t, &at, STR("win32")) && after_win32(t, at, &code);
        break;
    case 'e':
        seen = take(t, &at, STR("error")) && after_error(t, i, &code, f);
        break;
    case 'g':
        seen = take(t, &at, STR("getlasterror")) && after_last_error(t, at, &code);
        break;
    case 'l':
        seen = (take(t, &at, STR("lasterror")) || take(t, &at, STR("last error"))) && after_last_error(t, at, &code);
        break;
    case 'r':
        seen = take(t, &at, STR("return:")) && after_return(t, at, &code);
        break;
    case '(':
        spelling = SPELLING_HRESULT;
        seen = take(t, &at, STR("(#")) && after_hash(t, at, &code);
        break;
    case '0': case '2': case '8': case '-':
        spelling = SPELLING_HRESULT;
        seen = win32_hresult_at(t, i, &code, f);
        break;
    default:
        break;
    }
    if (seen)
        keep(f, spelling, code);
}

bool
code_scan(struct str t, uint32_t *code, struct code_hresults *others)
{
    struct found f = {.spelling = SPELLING_NONE, .others = others};
    bool inside = false;
    uint32_t last;

    if (others)
        others->n = 0;
    for (size_t i = 0; i < t.n; i++) {
        char c = t.p[i];
        bool word = is_word(c);

        if ((word && !inside) || c == '(' || c == '-')
            look_at(t, i, &f);
        inside = word;
    }
    if (f.spelling == SPELLING_NONE && paren_at_end(t, &last, &f))
        keep(&f, SPELLING_PAREN, last);
    *code = f.code;
    return f.spelling != SPELLING_NONE;
}
