#include "common/domain/deception_scan.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/domain/unicode.h"

#define RUN_LEAST 30 /* spaces that push what follows aside */
#define RUN_FAR 80   /* and out of most windows */
#define LINE_LONG 200
#define LINE_VERY_LONG 1000
#define BLANK_LINES_MANY 30
#define MARKS_MANY 4    /* of Hebrew with accents a letter has three */
#define WORD_MISTAKEN 3 /* letters of a word that could be taken for another one */

enum rule {
    RULE_LOOK_ALIKE,
    RULE_LOOK_ALIKE_WORD,
    RULE_LETTER_FORMS,
    RULE_SIGN,
    RULE_SPACE,
    RULE_SPACE_RUN,
    RULE_LONG_LINE,
    RULE_BLANK_LINES,
    RULE_STACKED_MARKS,
    RULE_RIGHT_TO_LEFT,
    RULE_EMOJI,
    RULE_UNKNOWN,
    RULE_NOT_COMPOSED,
};
_Static_assert(RULE_NOT_COMPOSED + 1 == DECEPTION_RULES, "as many as are counted");

static const struct {
    const char *name, *explanation;
} rules[] = {
    [RULE_LOOK_ALIKE] = {"deception.look-alike",
                         "Letters of two scripts in one word: it looks like another word, and is "
                         "not equal to it."},
    [RULE_LOOK_ALIKE_WORD] = {"deception.look-alike-word",
                              "Every letter of this word has a Latin twin. In its language it may "
                              "be an ordinary word."},
    [RULE_LETTER_FORMS] = {"deception.letter-forms",
                           "Full-width or styled letters. Whatever normalizes text reads plain "
                           "letters here; a comparison does not."},
    [RULE_SIGN] = {"deception.sign",
                   "A sign that can be taken for one with a meaning in addresses, paths or code."},
    [RULE_SPACE] = {"deception.space",
                    "Looks like a space, but is another character; some are of no width."},
    [RULE_SPACE_RUN] = {"deception.space-run",
                        "Many spaces move what follows out of sight where lines do not wrap."},
    [RULE_LONG_LINE] = {"deception.long-line",
                        "The end of a long line is easily overlooked. Read it to its end."},
    [RULE_BLANK_LINES] = {"deception.blank-lines",
                          "Many empty lines make it look as if the code had ended."},
    [RULE_STACKED_MARKS] = {"deception.stacked-marks",
                            "Marks piled on one letter can cover the lines around it."},
    [RULE_RIGHT_TO_LEFT] = {"deception.right-to-left",
                            "Other programs may show this line in another order than it is "
                            "stored and run in. Here it stands in that order."},
    [RULE_EMOJI] = {"deception.emoji", "An emoji of several characters, some of them invisible."},
    [RULE_UNKNOWN] = {"deception.unknown-character",
                      "The Unicode version in use has no such character; what it looks like "
                      "depends on the reader's machine."},
    [RULE_NOT_COMPOSED] = {"deception.not-composed",
                           "Looks the same as the one letter that Unicode has for it, and is not "
                           "equal to it."},
};

/* Levels in code, a string, a comment and a quoted name. */
struct levels {
    enum deception_level of[4];
};
static const struct levels text_medium = {
    {DECEPTION_MEDIUM, DECEPTION_MEDIUM, DECEPTION_NOTE, DECEPTION_MEDIUM}};
static const struct levels text_high = {
    {DECEPTION_HIGH, DECEPTION_HIGH, DECEPTION_MEDIUM, DECEPTION_HIGH}};

static enum source_part part_at(const struct deception_line *line, size_t n)
{
    return line->parts[line->offsets[n]];
}

/* Where a finding stands: characters `from` up to `to` of a line. */
struct span {
    const struct deception_line *line;
    size_t from, to;
};

__attribute__((format(printf, 5, 6))) static void report(struct deception_scan *scan,
                                                         enum rule rule, enum deception_level level,
                                                         struct span span, const char *format, ...)
{
    size_t seen = scan->counts[rule][level]++;
    if (seen > DECEPTIONS_OF_A_KIND)
        return;
    struct deception one = {.rule = rules[rule].name,
                            .level = level,
                            .line = span.line->number,
                            .column = (int64_t)span.from + 1,
                            .end_column = (int64_t)span.to + 1,
                            .start = span.line->offsets[span.from],
                            .end = span.line->offsets[span.to],
                            .explanation = rules[rule].explanation};
    va_list list;
    va_start(list, format);
    vsnprintf(one.title, sizeof one.title, format, list);
    va_end(list);
    if (seen == DECEPTIONS_OF_A_KIND)
        snprintf(one.title, sizeof one.title, "And more of the same from here on");
    buffer_add(scan->found, &one, sizeof one);
}

static bool is_in_word(int32_t character)
{
    enum unicode_kind kind = unicode_kind(character);
    return kind == UNICODE_LETTER || kind == UNICODE_MARK || kind == UNICODE_DIGIT;
}

/* What the letters of one word have been found to be. */
struct word {
    struct span span;
    enum source_part part;
    size_t letters, latin, forms;
    size_t others; /* of another script, or no letters of ordinary words */
};

static bool is_ordinary(int32_t letter)
{
    return letter < 0x80 || (unicode_is_latin(letter) && unicode_is_recommended(letter));
}

static void count_letter(struct word *word, int32_t letter)
{
    word->letters++;
    if (is_ordinary(letter))
        word->latin++;
    else if (unicode_is_form(letter))
        word->forms += unicode_reads_as(letter) != 0;
    else
        word->others++;
}

/* The next letter that is not what it looks like, or does not look like another one. */
static size_t find_letter(const struct word *word, bool twin)
{
    const int32_t *characters = word->span.line->characters;
    size_t n = word->span.from;
    for (; n < word->span.to; n++)
        if (unicode_kind(characters[n]) == UNICODE_LETTER && !is_ordinary(characters[n]) &&
            !unicode_is_form(characters[n]) && (unicode_looks_like(characters[n]) != 0) == twin)
            break;
    return n;
}

/* Beside letters of Latin one twin is enough; a word of another script may be an ordinary one. */
static void judge_others(struct deception_scan *scan, const struct word *word)
{
    size_t twin = word->latin > 0 ? find_letter(word, true) : word->span.to;
    if (twin < word->span.to) {
        int32_t letter = word->span.line->characters[twin];
        report(scan, RULE_LOOK_ALIKE, text_high.of[word->part], word->span,
               "U+%04X looks like \"%c\" in this word", (unsigned)letter,
               unicode_looks_like(letter));
    }
    if (word->others >= WORD_MISTAKEN && word->others == word->letters &&
        find_letter(word, false) == word->span.to)
        report(scan, RULE_LOOK_ALIKE_WORD, DECEPTION_NOTE, word->span,
               "Looks like a word of Latin letters, which it is not");
}

static void judge_word(struct deception_scan *scan, const struct word *word)
{
    if (word->others > 0)
        judge_others(scan, word);
    if (word->forms > 1)
        report(scan, RULE_LETTER_FORMS, text_medium.of[word->part], word->span,
               "Letters that are read as other letters");
}

static void find_words(struct deception_scan *scan, const struct deception_line *line)
{
    for (size_t n = 0; n < line->count; n++) {
        struct word word = {.span = {line, n, n}, .part = part_at(line, n)};
        while (n < line->count && is_in_word(line->characters[n]) &&
               part_at(line, n) == word.part) {
            if (unicode_kind(line->characters[n]) == UNICODE_LETTER)
                count_letter(&word, line->characters[n]);
            n++;
        }
        word.span.to = n;
        judge_word(scan, &word);
        if (n > word.span.from && n < line->count && is_in_word(line->characters[n]))
            n--; /* the next word begins right here, in another part */
    }
}

static bool is_mistaken_sign(int32_t character)
{
    if (character < 0x80 || unicode_kind(character) != UNICODE_SIGN ||
        !unicode_is_common(character) || unicode_is_full_width(character))
        return false;
    char twin = unicode_looks_like(character);
    return twin && strchr("/.:;@\\", twin);
}

static void find_signs(struct deception_scan *scan, const struct deception_line *line)
{
    for (size_t n = 0; n < line->count; n++) {
        int32_t character = line->characters[n];
        struct span span = {line, n, n + 1};
        enum unicode_kind kind = unicode_kind(character);
        if (is_mistaken_sign(character))
            report(scan, RULE_SIGN, text_medium.of[part_at(line, n)], span,
                   "U+%04X looks like \"%c\"", (unsigned)character, unicode_looks_like(character));
        else if (kind == UNICODE_SPACE)
            report(scan, RULE_SPACE, DECEPTION_NOTE, span, "U+%04X stands for a space",
                   (unsigned)character);
        else if (kind == UNICODE_UNKNOWN)
            report(scan, RULE_UNKNOWN, DECEPTION_MEDIUM, span, "U+%04X is not known",
                   (unsigned)character);
        else if (character == 0x200d || character == 0xfe0e || character == 0xfe0f)
            report(scan, RULE_EMOJI, DECEPTION_NOTE, span, "U+%04X as a part of an emoji",
                   (unsigned)character);
        else if (n > 0 && kind == UNICODE_MARK &&
                 unicode_composes(line->characters[n - 1], character))
            report(scan, RULE_NOT_COMPOSED, DECEPTION_NOTE, (struct span){line, n - 1, n + 1},
                   "A letter and U+%04X in place of one letter", (unsigned)character);
    }
}

static void find_marks(struct deception_scan *scan, const struct deception_line *line)
{
    for (size_t n = 0; n < line->count; n++) {
        size_t from = n;
        while (n < line->count && unicode_kind(line->characters[n]) == UNICODE_MARK)
            n++;
        if (n - from >= MARKS_MANY)
            report(scan, RULE_STACKED_MARKS, DECEPTION_MEDIUM, (struct span){line, from, n},
                   "%zu marks on one letter", n - from);
    }
}

static void find_right_to_left(struct deception_scan *scan, const struct deception_line *line)
{
    size_t from = 0, to = line->count;
    while (from < to && !unicode_is_right_to_left(line->characters[from]))
        from++;
    while (to > from && !unicode_is_right_to_left(line->characters[to - 1]))
        to--;
    if (from < to)
        report(scan, RULE_RIGHT_TO_LEFT, DECEPTION_NOTE, (struct span){line, from, to},
               "Letters that are written from right to left");
}

static bool is_blank_here(int32_t character)
{
    return character == ' ' || character == '\t';
}

/* Indentation counts only when it is far; spaces at the end hide nothing. */
static void judge_run(struct deception_scan *scan, struct span span)
{
    const struct deception_line *line = span.line;
    size_t len = span.to - span.from;
    bool far = len >= RUN_FAR, first = span.from == 0, last = span.to == line->count;
    if (len < RUN_LEAST || (first && !far && !last))
        return;
    enum source_part part = last ? SOURCE_COMMENT : part_at(line, span.to);
    enum deception_level level = far ? text_high.of[part] : text_medium.of[part];
    if (last)
        level = DECEPTION_NOTE;
    report(scan, RULE_SPACE_RUN, level, span,
           last ? "%zu spaces at the end of the line" : "%zu spaces in front of what follows", len);
}

static void find_space_runs(struct deception_scan *scan, const struct deception_line *line)
{
    for (size_t n = 0; n < line->count; n++) {
        size_t from = n;
        while (n < line->count && is_blank_here(line->characters[n]))
            n++;
        if (n > from)
            judge_run(scan, (struct span){line, from, n});
    }
}

static void find_long_line(struct deception_scan *scan, const struct deception_line *line)
{
    if (line->count > LINE_LONG)
        report(
            scan, RULE_LONG_LINE, line->count > LINE_VERY_LONG ? DECEPTION_MEDIUM : DECEPTION_NOTE,
            (struct span){line, LINE_LONG, line->count}, "A line of %zu characters", line->count);
}

static void find_blank_lines(struct deception_scan *scan, const struct deception_line *line)
{
    size_t n = 0;
    while (n < line->count && is_blank_here(line->characters[n]))
        n++;
    if (n == line->count) {
        scan->blank_lines++;
        return;
    }
    if (scan->blank_lines >= BLANK_LINES_MANY)
        report(scan, RULE_BLANK_LINES, DECEPTION_MEDIUM, (struct span){line, n, line->count},
               "Code goes on after %" PRId64 " empty lines", scan->blank_lines);
    scan->blank_lines = 0;
}

static bool is_plain(const struct deception_line *line)
{
    return line->offsets[line->count] - line->offsets[0] == line->count;
}

void deception_scan_line(struct deception_scan *scan, const struct deception_line *line)
{
    find_space_runs(scan, line);
    find_long_line(scan, line);
    find_blank_lines(scan, line);
    if (is_plain(line))
        return; /* as many bytes as characters: all of it is ASCII */
    find_words(scan, line);
    find_signs(scan, line);
    find_marks(scan, line);
    find_right_to_left(scan, line);
}
