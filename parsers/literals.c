/* SPDX-License-Identifier: BSD-2-Clause
 *
 * literals.c - the catalogue's quick way past texts that mean nothing.
 *
 * Two stages.  A filter of four-byte pieces looks at every second byte of the
 * text and needs no order between its looks, so the processor does many at
 * once; where it says yes, the literals with that piece are compared in place.
 * Nearly all texts end there.  What holds a literal goes through an
 * Aho-Corasick automaton, which finds all of them at a cost that does not
 * depend on their number.  Called by catalogue.c (building) and diagnose.c. */
#include "build.h"

#include "parsers/literals.h"

#include <stdlib.h>

#include "parsers/literals_piece.h"

enum {
    FILTER_BITS = 17,
    BUCKET_BITS = 11,
    COMPARISONS_MAX = 16,
    STATES_MAX = 65535
};

/* What a scan has to know of a state at each byte, apart from the rest so that
 * it stays in the nearest cache. */
enum { MARK_OUT = 1, MARK_BLANK = 2, MARK_PRIMARY = 4 };

struct state {
    uint16_t fail;   /* the longest proper suffix that is a state */
    uint16_t out;    /* nearest suffix state (or itself) where a literal ends; 0 none */
    int32_t literal; /* that ends here, or -1 */
    bool blank;      /* its string ends with a blank */
    bool primary;    /* a literal that is not secondary ends here */
};

/* A piece of a literal: where the filter says yes, what to compare. */
struct piece {
    uint64_t before, before_mask; /* what is around it in the literal, for a quick no */
    uint64_t after, after_mask;
    uint32_t value;
    uint16_t literal;
    uint16_t next; /* with the same hash; 0 none (number + 1) */
    uint8_t offset; /* of the piece in the literal */
};

struct literals {
    uint8_t filter[2][(1u << FILTER_BITS) / 8];
    uint8_t class_of[256];
    unsigned n_classes;
    unsigned shift; /* of a row: 1 << shift is at least n_classes */
    uint16_t *next; /* [state << shift | class] */
    uint8_t *mark;  /* of a state: MARK_* */
    struct state *state;
    size_t n_states, cap_states;
    struct piece *piece; /* two a literal at most */
    size_t n_pieces;
    uint16_t bucket[1u << BUCKET_BITS]; /* of second_hash: number + 1 in 'piece' */
    size_t count;
    /* literals as they were added, folded; kept for building */
    char (*text)[LITERAL_MAX];
    uint8_t *length;
    bool *secondary;
    size_t cap;
};

static bool
is_gap(unsigned char c)
{
    return c == '~' || str_is_space((char) c);
}

struct literals *
literals_new(void)
{
    return calloc(1, sizeof(struct literals));
}

void
literals_free(struct literals *set)
{
    if (!set)
        return;
    free(set->next);
    free(set->mark);
    free(set->state);
    free(set->piece);
    free(set->text);
    free(set->length);
    free(set->secondary);
    free(set);
}

size_t
literals_count(const struct literals *set)
{
    return set->count;
}

struct str
literals_text(const struct literals *set, unsigned number)
{
    return str_make(set->text[number], set->length[number]);
}

/* 's' folded into 'out' (LITERAL_MAX bytes); 0 when it does not fit. */
static size_t
fold(struct str s, char *out)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++) {
        bool gap = is_gap((unsigned char) s.p[i]);

        if (gap && (!n || out[n - 1] == ' '))
            continue;
        if (n == LITERAL_MAX)
            return 0;
        out[n++] = gap ? ' ' : str_lower_char(s.p[i]);
    }
    if (n && out[n - 1] == ' ')
        n--;
    return n;
}

/* True when the run is a part of a word that ordinary logs are full of. */
static bool
is_everyday(struct str run)
{
    static const char words[] =
        "instruction successfully package server thread processing component information connection operation "
        "sending working waiting loading adding updating directory received request version created starting "
        "completed system manager database inventory group inboxes";

    return str_find_case(STR(words), run) < sizeof words - 1;
}

/* Where the rarest run of 'run' bytes begins; n when there is none. */
static size_t
rarest_run(const char *p, size_t n, size_t run, unsigned *common)
{
    /* How often each letter stands in English prose, per mille; what is not a
     * letter is rarer in the texts at hand. */
    static const uint8_t often[26] = {82, 15, 28, 43, 127, 22, 20, 61, 70, 2, 8, 40, 24,
                                      67, 75, 19, 1, 60, 63, 91, 28, 10, 24, 2, 20, 1};
    size_t best = n;
    unsigned best_sum = 0;

    for (size_t i = 0; i + run <= n; i++) {
        unsigned sum = 0;
        bool gap = false;

        for (size_t k = i; k < i + run; k++) {
            gap |= p[k] == ' ';
            sum += p[k] >= 'a' && p[k] <= 'z' ? often[p[k] - 'a'] : 20;
        }
        if (gap || (best < n && sum >= best_sum))
            continue;
        if (is_everyday(str_make(p + i, run)))
            sum += 1000;
        if (best == n || sum < best_sum) {
            best = i;
            best_sum = sum;
        }
    }
    *common = best_sum;
    return best;
}

int
literals_add(struct literals *set, struct str s, const char **why)
{
    char folded[LITERAL_MAX];
    size_t n = fold(s, folded);
    unsigned common;

    *why = "is empty or longer than 200 bytes";
    if (!n)
        return -1;
    *why = "has no run of 4 characters without a blank or ~";
    if (rarest_run(folded, n, LITERAL_RUN, &common) == n)
        return -1;
    for (size_t i = 0; i < set->count; i++)
        if (set->length[i] == n && memcmp(set->text[i], folded, n) == 0)
            return (int) i;
    *why = "is one too many, or memory has ended";
    if (set->count == set->cap) {
        size_t cap = set->cap ? set->cap * 2 : 256;
        void *text = cap <= LITERALS_MAX ? realloc(set->text, cap * sizeof *set->text) : NULL;
        void *length, *secondary;

        if (!text)
            return -1;
        set->text = text;
        length = realloc(set->length, cap);
        if (!length)
            return -1;
        set->length = length;
        secondary = realloc(set->secondary, cap * sizeof *set->secondary);
        if (!secondary)
            return -1;
        set->secondary = secondary;
        set->cap = cap;
    }
    memcpy(set->text[set->count], folded, n);
    set->length[set->count] = (uint8_t) n;
    set->secondary[set->count] = false;
    return (int) set->count++;
}

void
literals_secondary(struct literals *set, unsigned number, bool secondary)
{
    set->secondary[number] = secondary;
}

unsigned
literals_commonness(const struct literals *set, unsigned number)
{
    unsigned common;

    rarest_run(set->text[number], set->length[number], LITERAL_RUN, &common);
    return common;
}

static inline uint32_t
first_hash(uint32_t v)
{
    return (v * 0x9E3779B1u) >> (32 - FILTER_BITS);
}

static inline uint32_t
second_hash(uint32_t v)
{
    return ((v ^ (v >> 15)) * 0x85EBCA77u) >> (32 - FILTER_BITS);
}

static inline bool
bit(const uint8_t *bits, uint32_t i)
{
    return bits[i >> 3] >> (i & 7) & 1;
}

static void
filter_piece(struct literals *set, const char *p)
{
    uint32_t a = first_hash(piece_at(p)), b = second_hash(piece_at(p));

    set->filter[0][a >> 3] |= (uint8_t) (1u << (a & 7));
    set->filter[1][b >> 3] |= (uint8_t) (1u << (b & 7));
}

static uint32_t
bucket_of(uint32_t piece)
{
    return second_hash(piece) >> (FILTER_BITS - BUCKET_BITS);
}

static void
add_piece(struct literals *set, size_t literal, size_t offset)
{
    char padded[EIGHT + LITERAL_MAX + EIGHT] = {0};
    size_t n = set->length[literal], rest = n - offset - PIECE;
    const char *p = padded + EIGHT + offset;
    struct piece *new = &set->piece[set->n_pieces++];
    struct around around;
    uint16_t *bucket;

    memcpy(padded + EIGHT, set->text[literal], n);
    around = look_around(str_make(padded, sizeof padded), EIGHT + offset);
    filter_piece(set, p);
    new->value = piece_at(p);
    new->before = around.before;
    new->before_mask = offset < EIGHT ? ~(UINT64_MAX >> 8 * offset) : UINT64_MAX;
    new->after = around.after;
    new->after_mask = rest < EIGHT ? ~(UINT64_MAX << 8 * rest) : UINT64_MAX;
    new->literal = (uint16_t) literal;
    new->offset = (uint8_t) offset;
    bucket = &set->bucket[bucket_of(new->value)];
    new->next = *bucket;
    *bucket = (uint16_t) set->n_pieces;
}

/* The literal's rarest run at both parities of its place in a text: a run of
 * five holds two pieces; one of four is one piece, and its first three bytes
 * behind any other are the second. */
static void
filter_add(struct literals *set, size_t literal)
{
    const char *p = set->text[literal];
    size_t n = set->length[literal], run;
    unsigned common;
    char shifted[PIECE];

    run = rarest_run(p, n, PIECE + 1, &common);
    if (run < n) {
        add_piece(set, literal, run);
        add_piece(set, literal, run + 1);
        return;
    }
    run = rarest_run(p, n, PIECE, &common);
    add_piece(set, literal, run);
    memcpy(shifted + 1, p + run, PIECE - 1);
    for (int c = 0; c < 256; c++) {
        shifted[0] = (char) c;
        filter_piece(set, shifted);
    }
}

/* Byte classes: 0 is every byte that no literal holds. */
static void
make_classes(struct literals *set)
{
    set->n_classes = 1;
    for (size_t i = 0; i < set->count; i++)
        for (size_t k = 0; k < set->length[i]; k++) {
            uint8_t *class = &set->class_of[(unsigned char) set->text[i][k]];

            if (!*class)
                *class = (uint8_t) set->n_classes++;
        }
    while (1u << set->shift < set->n_classes)
        set->shift++;
    for (int c = 'a'; c <= 'z'; c++)
        set->class_of[c - 32] = set->class_of[c];
    for (int c = 0; c < 256; c++)
        if (is_gap((unsigned char) c))
            set->class_of[c] = set->class_of[' '];
}

/* One more state; 0 when there can be none. */
static uint16_t
add_state(struct literals *set, bool blank)
{
    if (set->n_states == set->cap_states) {
        size_t cap = set->cap_states ? set->cap_states * 2 : 1024;
        void *state, *next;

        if (set->n_states == STATES_MAX)
            return 0;
        state = realloc(set->state, cap * sizeof *set->state);
        if (!state)
            return 0;
        set->state = state;
        next = realloc(set->next, (cap << set->shift) * sizeof *set->next);
        if (!next)
            return 0;
        set->next = next;
        set->cap_states = cap;
    }
    set->state[set->n_states] = (struct state){.literal = -1, .blank = blank};
    memset(set->next + (set->n_states << set->shift), 0, sizeof *set->next << set->shift);
    return (uint16_t) set->n_states++;
}

static bool
add_to_trie(struct literals *set, size_t i)
{
    uint16_t at = 0;

    for (size_t k = 0; k < set->length[i]; k++) {
        char c = set->text[i][k];
        size_t edge = (size_t) at << set->shift | set->class_of[(unsigned char) c];

        if (!set->next[edge]) {
            uint16_t to = add_state(set, c == ' ');

            if (!to)
                return false;
            set->next[edge] = to;
        }
        at = set->next[edge];
    }
    set->state[at].literal = (int32_t) i;
    return true;
}

/* Fills in where each state goes when the text leaves its literal: breadth
 * first, so that a state's suffix is complete before the state. */
static bool
link_states(struct literals *set)
{
    uint16_t *queue = malloc(set->n_states * sizeof *queue);
    size_t head = 0, tail = 0, n = set->n_classes;

    if (!queue)
        return false;
    for (size_t c = 0; c < n; c++)
        if (set->next[c])
            queue[tail++] = set->next[c];
    while (head < tail) {
        uint16_t s = queue[head++];
        struct state *st = &set->state[s];
        uint16_t *row = set->next + ((size_t) s << set->shift);
        const uint16_t *suffix = set->next + ((size_t) st->fail << set->shift);

        st->out = st->literal >= 0 ? s : set->state[st->fail].out;
        st->primary = (st->literal >= 0 && !set->secondary[st->literal]) || set->state[st->fail].primary;
        for (size_t c = 0; c < n; c++) {
            if (row[c]) {
                set->state[row[c]].fail = suffix[c];
                queue[tail++] = row[c];
            } else {
                row[c] = suffix[c];
            }
        }
    }
    free(queue);
    set->mark = calloc(set->n_states, 1);
    for (size_t i = 0; set->mark && i < set->n_states; i++)
        set->mark[i] = (uint8_t) ((set->state[i].out ? MARK_OUT : 0) | (set->state[i].blank ? MARK_BLANK : 0)
                                  | (set->state[i].primary ? MARK_PRIMARY : 0));
    return set->mark != NULL;
}

bool
literals_build(struct literals *set)
{
    uint8_t gap;

    make_classes(set);
    set->piece = calloc(2 * set->count + 1, sizeof *set->piece);
    if (!set->piece)
        return false;
    if (add_state(set, false) != 0 || !set->n_states)
        return false;
    for (size_t i = 0; i < set->count; i++) {
        if (!set->secondary[i])
            filter_add(set, i);
        if (!add_to_trie(set, i))
            return false;
    }
    if (!link_states(set))
        return false;
    /* A run of blanks is one: behind a blank, another changes nothing. */
    gap = set->class_of[' '];
    for (size_t s = 1; gap && s < set->n_states; s++)
        if (set->state[s].blank)
            set->next[s << set->shift | gap] = (uint16_t) s;
    return true;
}

/* True when the literal stands in 'text' with its byte 'offset' at 'at'. */
static bool
stands_at(const struct literals *set, const struct piece *piece, struct str text, size_t at)
{
    const char *literal = set->text[piece->literal];
    size_t n = set->length[piece->literal], i = at, k = piece->offset;

    for (; k < n; k++) {
        if (i == text.n)
            return false;
        if (literal[k] == ' ' && is_gap((unsigned char) text.p[i])) {
            while (i < text.n && is_gap((unsigned char) text.p[i]))
                i++;
        } else if (str_lower_char(text.p[i++]) != literal[k]) {
            return false;
        }
    }
    for (i = at, k = piece->offset; k; k--) {
        if (!i)
            return false;
        if (literal[k - 1] == ' ' && is_gap((unsigned char) text.p[i - 1])) {
            while (i && is_gap((unsigned char) text.p[i - 1]))
                i--;
        } else if (str_lower_char(text.p[--i]) != literal[k - 1]) {
            return false;
        }
    }
    return true;
}

/* True when a literal has its piece at 'at' of the text.  Each comparison
 * takes one off '*left'; at 0 the answer is not known. */
static bool
literal_at(const struct literals *set, struct str text, size_t at, unsigned *left)
{
    struct around a;
    bool looked = false;
    uint32_t value;

    if (at + PIECE > text.n)
        return false;
    value = piece_at(text.p + at);
    for (uint16_t i = set->bucket[bucket_of(value)]; i; i = set->piece[i - 1].next) {
        const struct piece *p = &set->piece[i - 1];

        if (p->value != value)
            continue;
        if (!looked)
            a = look_around(text, at);
        looked = true;
        if (((p->before ^ a.before) & p->before_mask & a.before_known)
            | ((p->after ^ a.after) & p->after_mask & a.after_known))
            continue;
        if (!*left)
            return false;
        --*left;
        if (stands_at(set, p, text, at))
            return true;
    }
    return false;
}

static bool
automaton_idle(const struct literals *set, struct str text)
{
    uint16_t at = 0;

    for (size_t i = 0; i < text.n; i++) {
        at = set->next[(size_t) at << set->shift | set->class_of[(unsigned char) text.p[i]]];
        if (set->mark[at] & MARK_PRIMARY)
            return false;
    }
    return true;
}

/* Every second place is enough: a run of five is in the filter at both
 * parities, and one of four is found one byte later.  A text that looks like
 * many literals without being one is left to the automaton. */
bool
literals_idle(const struct literals *set, struct str text)
{
    unsigned left = COMPARISONS_MAX;

    /* No literal begins with one, and look_around() sees nothing beside a '~'. */
    while (text.n && is_gap((unsigned char) text.p[0]))
        text = str_skip(text, 1);
    if (text.n < PIECE)
        return true;
    for (size_t i = 0; i <= text.n - PIECE; i += 2) {
        uint32_t v = piece_at(text.p + i);

        if (!bit(set->filter[0], first_hash(v)) || !bit(set->filter[1], second_hash(v)))
            continue;
        if (literal_at(set, text, i, &left) || literal_at(set, text, i + 1, &left))
            return false;
        if (!left)
            return automaton_idle(set, text);
    }
    return true;
}

void
literals_scan(const struct literals *set, struct str text, void (*hit)(void *, unsigned), void *to)
{
    uint16_t at = 0;

    for (size_t i = 0; i < text.n; i++) {
        uint16_t was = at;

        at = set->next[(size_t) at << set->shift | set->class_of[(unsigned char) text.p[i]]];
        if (!set->mark[at] || (at == was && set->mark[at] & MARK_BLANK))
            continue;
        for (uint16_t s = set->state[at].out; s; s = set->state[set->state[s].fail].out)
            hit(to, (unsigned) set->state[s].literal);
    }
}
