/* Texts that RFC 8259 has as JSON, and texts that it has not, with the byte that cannot stand
 * there. */
#ifndef FRESHET_TESTS_JSON_TEXTS_H
#define FRESHET_TESTS_JSON_TEXTS_H

#include "json/scan.h"

struct json_text {
    struct span text;
    enum json_kind kind;
};

struct json_refusal {
    struct span text;
    enum error error;
    size_t at;
};

/* clang-format off */
#define YES(text, kind) {{text, sizeof(text) - 1}, JSON_KIND_##kind}
#define NO(text, error, at) {{text, sizeof(text) - 1}, ERROR_##error, at}

static const struct json_text json_accepted[] = {
    /* the kinds, alone */
    YES("null", NULL), YES("true", TRUE), YES("false", FALSE), YES("0", NUMBER), YES("\"\"", STRING),
    YES("[]", ARRAY), YES("{}", OBJECT),

    /* white space in every place */
    YES(" \t\n\r0 \t\n\r", NUMBER), YES(" null", NULL), YES("[ ]", ARRAY), YES("{\t}", OBJECT),
    YES("\n[\r1\t, 2 ]\r\n", ARRAY), YES(" { \"a\" : 1 , \"b\" : 2 } ", OBJECT), YES("[1\n\n,\n\n2]", ARRAY),

    /* numbers */
    YES("-0", NUMBER), YES("1", NUMBER), YES("-1", NUMBER), YES("10", NUMBER), YES("1234567890", NUMBER),
    YES("0.0", NUMBER), YES("-0.0", NUMBER), YES("0.10", NUMBER), YES("1.5", NUMBER), YES("0e0", NUMBER),
    YES("1e1", NUMBER), YES("1E1", NUMBER), YES("1e+1", NUMBER), YES("1E-1", NUMBER), YES("1.5e10", NUMBER),
    YES("0e+1", NUMBER), YES("1e01", NUMBER), YES("-1.5E-07", NUMBER), YES("1e999999", NUMBER),
    YES("123456789012345678901234567890.123456789012345678901234567890", NUMBER),
    YES("[1,-2,3.0,4e5]", ARRAY), YES("[0,0]", ARRAY),

    /* strings */
    YES("\"a\"", STRING), YES("\"\\\"\"", STRING), YES("\"\\\\\"", STRING), YES("\"\\/\"", STRING),
    YES("\"\\b\\f\\n\\r\\t\"", STRING), YES("\"/\"", STRING), YES("\"'\"", STRING), YES("\"\x7f\"", STRING),
    YES("\"\\u0000\"", STRING), YES("\"\\u00e9\\u20AC\\uFFFF\"", STRING), YES("\"\\uaBcD\"", STRING),
    YES("\"\\ud83c\\udf0a\"", STRING), YES("\"\\uD800\\uDC00\\uDBFF\\uDFFF\"", STRING), YES("\"\\ud7ff\\ue000\"", STRING),
    YES("\"\xc3\xa9\"", STRING), YES("\"\xe2\x82\xac\"", STRING), YES("\"\xf0\x9f\x8c\x8a\"", STRING),
    YES("\"\xef\xbb\xbf\"", STRING), YES("\"\xef\xbf\xbf\"", STRING), YES("\"\xf4\x8f\xbf\xbf\"", STRING),
    YES("\"\xe2\x80\xa8\xe2\x80\xa9\"", STRING), YES("\"\xed\x9f\xbf\xee\x80\x80\"", STRING),
    YES("\"[{,:}] null // /* */\"", STRING), YES("\"\\\\u0041\"", STRING), YES("\"\\\\\\\"\"", STRING),
    YES("\"long enough to be skipped eight at a time, and then \\\" and then \xc3\xa9 and the rest\"", STRING),

    /* arrays */
    YES("[1]", ARRAY), YES("[null,true,false,0,\"\",[],{}]", ARRAY), YES("[[]]", ARRAY), YES("[[],[]]", ARRAY),
    YES("[[[[1]],2]]", ARRAY), YES("[{},{}]", ARRAY), YES("[\"a\",\"b\"]", ARRAY),

    /* objects */
    YES("{\"a\":1}", OBJECT), YES("{\"\":0}", OBJECT), YES("{\"a\":1,\"b\":[],\"c\":{}}", OBJECT),
    YES("{\"a\":1,\"a\":2}", OBJECT), YES("{\"a\":{\"a\":{\"a\":null}}}", OBJECT), YES("{\"\\u0000\":1}", OBJECT),
    YES("{\"\\\"\":1}", OBJECT), YES("{\"\xe2\x82\xac\":\"\"}", OBJECT), YES("{\"a\":[{\"b\":[]}],\"c\":\"}\"}", OBJECT),
};

static const struct json_refusal json_refused[] = {
    /* nothing */
    NO("", JSON_SYNTAX, 0), NO(" ", JSON_SYNTAX, 1), NO("\n\t\r ", JSON_SYNTAX, 4),

    /* more than one value, or something after it */
    NO("1 2", JSON_SYNTAX, 2), NO("null null", JSON_SYNTAX, 5), NO("{} {}", JSON_SYNTAX, 3), NO("[]]", JSON_SYNTAX, 2),
    NO("{}}", JSON_SYNTAX, 2), NO("\"\"\"\"", JSON_SYNTAX, 2), NO("1,", JSON_SYNTAX, 1), NO("[],", JSON_SYNTAX, 2),
    NO("{}x", JSON_SYNTAX, 2), NO("[]\0", JSON_SYNTAX, 2), NO("\"a\"x", JSON_SYNTAX, 3), NO("{}/**/", JSON_SYNTAX, 2),
    NO("{}//", JSON_SYNTAX, 2), NO("{}#", JSON_SYNTAX, 2), NO("1;", JSON_SYNTAX, 1),

    /* what is no white space here */
    NO("\xef\xbb\xbf{}", JSON_SYNTAX, 0), NO("\v0", JSON_SYNTAX, 0), NO("\f0", JSON_SYNTAX, 0), NO("\0", JSON_SYNTAX, 0),
    NO("[\f]", JSON_SYNTAX, 1), NO("\xc2\xa0" "0", JSON_SYNTAX, 0), NO("[\xe2\x81\xa0]", JSON_SYNTAX, 1),
    NO("[/**/]", JSON_SYNTAX, 1), NO("\xff", JSON_SYNTAX, 0),

    /* words */
    NO("nul", JSON_SYNTAX, 3), NO("nulx", JSON_SYNTAX, 3), NO("nulll", JSON_SYNTAX, 4), NO("NULL", JSON_SYNTAX, 0),
    NO("tru", JSON_SYNTAX, 3), NO("True", JSON_SYNTAX, 0), NO("trues", JSON_SYNTAX, 4), NO("fals", JSON_SYNTAX, 4),
    NO("faLse", JSON_SYNTAX, 2), NO("undefined", JSON_SYNTAX, 0), NO("NaN", JSON_SYNTAX, 0), NO("nan", JSON_SYNTAX, 1),
    NO("Infinity", JSON_SYNTAX, 0), NO("abc", JSON_SYNTAX, 0), NO("*", JSON_SYNTAX, 0), NO("n\0ll", JSON_SYNTAX, 1),

    /* numbers */
    NO("-", JSON_SYNTAX, 1), NO("+1", JSON_SYNTAX, 0), NO("--1", JSON_SYNTAX, 1), NO("-a", JSON_SYNTAX, 1),
    NO("- 1", JSON_SYNTAX, 1), NO("01", JSON_SYNTAX, 1), NO("-01", JSON_SYNTAX, 2), NO("00", JSON_SYNTAX, 1),
    NO(".5", JSON_SYNTAX, 0), NO("-.5", JSON_SYNTAX, 1), NO("1.", JSON_SYNTAX, 2), NO("1.e1", JSON_SYNTAX, 2),
    NO("0.", JSON_SYNTAX, 2), NO("1.2.3", JSON_SYNTAX, 3), NO("1e", JSON_SYNTAX, 2), NO("1e+", JSON_SYNTAX, 3),
    NO("1E-", JSON_SYNTAX, 3), NO("1e+-1", JSON_SYNTAX, 3), NO("1e1.5", JSON_SYNTAX, 3), NO("1ee1", JSON_SYNTAX, 2),
    NO("0x1", JSON_SYNTAX, 1), NO("1_000", JSON_SYNTAX, 1), NO("1 000", JSON_SYNTAX, 2), NO("1a", JSON_SYNTAX, 1),
    NO("-Infinity", JSON_SYNTAX, 1), NO("-NaN", JSON_SYNTAX, 1), NO("1f", JSON_SYNTAX, 1), NO("[1.]", JSON_SYNTAX, 3),
    NO("[-]", JSON_SYNTAX, 2), NO("[01]", JSON_SYNTAX, 2), NO("\xef\xbc\x91", JSON_SYNTAX, 0), NO("1\0", JSON_SYNTAX, 1),

    /* strings */
    NO("\"", JSON_SYNTAX, 1), NO("\"a", JSON_SYNTAX, 2), NO("'a'", JSON_SYNTAX, 0), NO("a\"", JSON_SYNTAX, 0),
    NO("\"\n\"", JSON_SYNTAX, 1), NO("\"\t\"", JSON_SYNTAX, 1), NO("\"\0\"", JSON_SYNTAX, 1), NO("\"a\x1f\"", JSON_SYNTAX, 2),
    NO("\"0123456789\r\"", JSON_SYNTAX, 11), NO("\"\\\"", JSON_SYNTAX, 3), NO("\"\\", JSON_SYNTAX, 2),
    NO("\"\\x41\"", JSON_SYNTAX, 2), NO("\"\\a\"", JSON_SYNTAX, 2), NO("\"\\'\"", JSON_SYNTAX, 2), NO("\"\\0\"", JSON_SYNTAX, 2),
    NO("\"\\N\"", JSON_SYNTAX, 2), NO("\"\\U0041\"", JSON_SYNTAX, 2), NO("\"\\\n\"", JSON_SYNTAX, 2), NO("\"\\\0\"", JSON_SYNTAX, 2),
    NO("\"\\\xc3\xa9\"", JSON_SYNTAX, 2), NO("\\u0022a\"", JSON_SYNTAX, 0),
    NO("\"\\u\"", JSON_SYNTAX, 3), NO("\"\\u0\"", JSON_SYNTAX, 4), NO("\"\\u00\"", JSON_SYNTAX, 5), NO("\"\\u004\"", JSON_SYNTAX, 6),
    NO("\"\\u004g\"", JSON_SYNTAX, 6), NO("\"\\u+041\"", JSON_SYNTAX, 3), NO("\"\\u 041\"", JSON_SYNTAX, 3), NO("\"\\u0041", JSON_SYNTAX, 7),
    NO("\"\\u00:0\"", JSON_SYNTAX, 5), NO("\"\\u00@0\"", JSON_SYNTAX, 5), NO("\"\\u00`0\"", JSON_SYNTAX, 5), NO("\"\\u{41}\"", JSON_SYNTAX, 3),

    /* surrogates that are not a pair */
    NO("\"\\ud800\"", JSON_SYNTAX, 1), NO("\"\\uDBFF!\"", JSON_SYNTAX, 1), NO("\"a\\udc00\"", JSON_SYNTAX, 2),
    NO("\"\\uDFFF\\uD800\"", JSON_SYNTAX, 1), NO("\"\\ud800\\ud800\"", JSON_SYNTAX, 1), NO("\"\\ud800\\n\"", JSON_SYNTAX, 1),
    NO("\"\\ud800\\u0041\"", JSON_SYNTAX, 1), NO("\"\\ud800\\ue000\"", JSON_SYNTAX, 1), NO("\"\\ud800\\udbff\"", JSON_SYNTAX, 1),
    NO("\"\\ud800\\u\"", JSON_SYNTAX, 9), NO("\"\\ud800\\udc0\"", JSON_SYNTAX, 12), NO("\"\\ud800\\", JSON_SYNTAX, 8),
    NO("\"\\ud83c\\udf0a\\udf0a\"", JSON_SYNTAX, 13), NO("{\"\\ud800\":1}", JSON_SYNTAX, 2),

    /* bytes that are no UTF-8 */
    NO("\"\x80\"", UTF8, 1), NO("\"\xff\"", UTF8, 1), NO("\"\xc3\"", UTF8, 1), NO("\"a\xc3(\"", UTF8, 2),
    NO("\"\xe2\x82\"", UTF8, 1), NO("\"\xf0\x9f\x8c\"", UTF8, 1), NO("\"\xc0\xaf\"", UTF8, 1), NO("\"\xc1\xbf\"", UTF8, 1),
    NO("\"\xe0\x80\xaf\"", UTF8, 1), NO("\"\xf0\x80\x80\xaf\"", UTF8, 1), NO("\"\xed\xa0\x80\"", UTF8, 1), NO("\"\xed\xbf\xbf\"", UTF8, 1),
    NO("\"\xf4\x90\x80\x80\"", UTF8, 1), NO("\"\xf8\x88\x80\x80\x80\"", UTF8, 1), NO("\"\xc3\xa9\xe9\"", UTF8, 3),
    NO("\"\xc3", UTF8, 1), NO("{\"\xe9\":1}", UTF8, 2), NO("\"01234567\x80\"", UTF8, 9),

    /* arrays */
    NO("[", JSON_SYNTAX, 1), NO("]", JSON_SYNTAX, 0), NO("[1", JSON_SYNTAX, 2), NO("[1,", JSON_SYNTAX, 3), NO("[1,]", JSON_SYNTAX, 3),
    NO("[,]", JSON_SYNTAX, 1), NO("[,1]", JSON_SYNTAX, 1), NO("[1,,2]", JSON_SYNTAX, 3), NO("[1 2]", JSON_SYNTAX, 3),
    NO("[1:2]", JSON_SYNTAX, 2), NO("[\"a\":1]", JSON_SYNTAX, 4), NO("[1}", JSON_SYNTAX, 2), NO("[}", JSON_SYNTAX, 1),
    NO("[\"\"", JSON_SYNTAX, 3), NO("[[]", JSON_SYNTAX, 3), NO("[]a", JSON_SYNTAX, 2), NO("[a]", JSON_SYNTAX, 1), NO("[1;2]", JSON_SYNTAX, 2),
    NO("[\"a\"\"b\"]", JSON_SYNTAX, 4), NO("[...]", JSON_SYNTAX, 1), NO("[null", JSON_SYNTAX, 5), NO("<[]>", JSON_SYNTAX, 0),

    /* objects */
    NO("{", JSON_SYNTAX, 1), NO("}", JSON_SYNTAX, 0), NO("{\"a\"", JSON_SYNTAX, 4), NO("{\"a\":", JSON_SYNTAX, 5),
    NO("{\"a\":1", JSON_SYNTAX, 6), NO("{\"a\":1,", JSON_SYNTAX, 7), NO("{\"a\":1,}", JSON_SYNTAX, 7), NO("{,}", JSON_SYNTAX, 1),
    NO("{,\"a\":1}", JSON_SYNTAX, 1), NO("{\"a\":1,,\"b\":2}", JSON_SYNTAX, 7), NO("{\"a\" 1}", JSON_SYNTAX, 5),
    NO("{\"a\",1}", JSON_SYNTAX, 4), NO("{\"a\"}", JSON_SYNTAX, 4), NO("{\"a\":}", JSON_SYNTAX, 5), NO("{\"a\"::1}", JSON_SYNTAX, 5),
    NO("{\"a\":1 \"b\":2}", JSON_SYNTAX, 7), NO("{\"a\":1:2}", JSON_SYNTAX, 6), NO("{a:1}", JSON_SYNTAX, 1), NO("{'a':1}", JSON_SYNTAX, 1),
    NO("{1:1}", JSON_SYNTAX, 1), NO("{null:1}", JSON_SYNTAX, 1), NO("{[]:1}", JSON_SYNTAX, 1), NO("{{}:1}", JSON_SYNTAX, 1),
    NO("{:1}", JSON_SYNTAX, 1), NO("{]", JSON_SYNTAX, 1), NO("{\"a\":1]", JSON_SYNTAX, 6), NO("{\"a\":[1}", JSON_SYNTAX, 7),
    NO("{\"a\":{\"b\":1]}", JSON_SYNTAX, 11), NO("{\"a\"/**/:1}", JSON_SYNTAX, 4), NO("{\"a\":1}#", JSON_SYNTAX, 7), NO("{\"a\":1;}", JSON_SYNTAX, 6),
};
/* clang-format on */

enum {
    JSON_ACCEPTED = sizeof json_accepted / sizeof *json_accepted,
    JSON_REFUSED = sizeof json_refused / sizeof *json_refused,
};

#endif
