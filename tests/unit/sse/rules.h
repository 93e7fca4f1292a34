/* What an event stream means (WHATWG HTML, 9.2.6): a table for every parser and client. An input,
 * fed in whatever pieces, gives the lines of `told`, each ended by LF:
 *     event TYPE id=LAST-EVENT-ID data=DATA
 *     position LAST-EVENT-ID         a block without data changed it
 *     retry MILLISECONDS
 *     comment TEXT                   one space after the colon is not part of it
 * with LF in a value as \n, NUL as \0 and a backslash as \\. Where nothing is told, it is "". */
#ifndef FRESHET_TESTS_SSE_RULES_H
#define FRESHET_TESTS_SSE_RULES_H

#include "base/span.h"

struct sse_rule {
    const char *name;
    struct span input;
    const char *told;
};

/* clang-format off */
#define RULE(name, input, told) {name, {input, sizeof(input) - 1}, told}
#define BOM "\xef\xbb\xbf"
#define FFFD "\xef\xbf\xbd"

static const struct sse_rule sse_rules[] = {
    RULE("nothing says nothing", "", ""),

    RULE("LF ends a line", "data: a\n\n", "event message id= data=a\n"),
    RULE("CR ends a line", "data: a\r\r", "event message id= data=a\n"),
    RULE("CRLF ends a line", "data: a\r\n\r\n", "event message id= data=a\n"),
    RULE("CRLF is one end and no blank line", "data: a\r\ndata: b\r\n\r\n", "event message id= data=a\\nb\n"),
    RULE("LF CR are two ends", "data: a\n\rdata: b\n\r", "event message id= data=a\nevent message id= data=b\n"),
    RULE("LF CRLF are two ends", "data: a\n\r\ndata: b\n\r\n", "event message id= data=a\nevent message id= data=b\n"),
    RULE("CR CRLF are two ends", "data: a\r\r\ndata: b\r\r\n", "event message id= data=a\nevent message id= data=b\n"),
    RULE("CRLF LF are two ends", "data: a\r\n\ndata: b\r\n\n", "event message id= data=a\nevent message id= data=b\n"),
    RULE("the three ends mix", "data: a\rdata: b\ndata: c\r\ndata: d\r\r\n", "event message id= data=a\\nb\\nc\\nd\n"),
    RULE("blank lines alone dispatch nothing", "\n\r\n\r\r\n\n\n", ""),
    RULE("no other character ends a line", "data: a\vb\fc\xc2\x85" "d\xe2\x80\xa8" "e\xe2\x80\xa9" "f\n\n",
         "event message id= data=a\vb\fc\xc2\x85" "d\xe2\x80\xa8" "e\xe2\x80\xa9" "f\n"),

    RULE("a BOM at the start is skipped", BOM "data: a\n\n", "event message id= data=a\n"),
    RULE("a BOM before a comment is skipped", BOM ": a\n\n", "comment a\n"),
    RULE("a BOM may be the whole first line", BOM "\r\ndata: a\n\n", "event message id= data=a\n"),
    RULE("a BOM may be all there is", BOM, ""),
    RULE("a second BOM is part of the name", BOM BOM "data: a\n\n", ""),
    RULE("a BOM on a later line is part of the name", "\n" BOM "data: a\n\n", ""),
    RULE("a BOM is part of a value", "data: " BOM "a\n\n", "event message id= data=" BOM "a\n"),
    RULE("half a BOM is part of the name", "\xef\xbb" "data: a\n\ndata: b\n\n", "event message id= data=b\n"),
    RULE("half a BOM ends with its line", "\xef\xbb\ndata: a\n\n", "event message id= data=a\n"),

    RULE("one space after the colon is no part of the value", "data: a\n\n", "event message id= data=a\n"),
    RULE("no space is needed", "data:a\n\n", "event message id= data=a\n"),
    RULE("a second space is part of the value", "data:  a\n\n", "event message id= data= a\n"),
    RULE("a space at the end is part of the value", "data: a \n\n", "event message id= data=a \n"),
    RULE("a tab is part of the value", "data:\ta\n\n", "event message id= data=\ta\n"),
    RULE("a no-break space is part of the value", "data:\xc2\xa0" "a\n\n", "event message id= data=\xc2\xa0" "a\n"),
    RULE("the first colon ends the name", "data: a: b\n\n", "event message id= data=a: b\n"),
    RULE("a second colon is part of the value", "data::a\n\n", "event message id= data=:a\n"),
    RULE("a value of one space is empty", "data: \n\n", "event message id= data=\n"),
    RULE("a name without a colon has an empty value", "data\n\n", "event message id= data=\n"),
    RULE("a space before the colon makes another name", "data : a\n\n", ""),
    RULE("a space before the name makes another name", " data: a\n\n", ""),
    RULE("names are told apart by case", "Data: a\nDATA: b\nID: 1\nEvent: x\nRetry: 5\n\n", ""),
    RULE("unknown names are ignored", "datum: a\ndatas: b\ndat: c\nx\ndata: d\n\n", "event message id= data=d\n"),
    RULE("NUL in a name makes another name", "data\0: a\n\0data: b\n\n", ""),

    RULE("lines of data are joined by LF", "data: a\ndata: b\ndata: c\n\n", "event message id= data=a\\nb\\nc\n"),
    RULE("empty lines of data count", "data\ndata: \ndata:\n\n", "event message id= data=\\n\\n\n"),
    RULE("an empty line of data may come first", "data\ndata: a\n\n", "event message id= data=\\na\n"),
    RULE("an empty line of data may come last", "data: a\ndata\n\n", "event message id= data=a\\n\n"),
    RULE("NUL in data is data", "data: a\0b\n\n", "event message id= data=a\\0b\n"),
    RULE("a backslash is a backslash", "data: a\\n\n\n", "event message id= data=a\\\\n\n"),
    RULE("data of one event is not the next one's", "data: a\n\ndata: b\n\n", "event message id= data=a\nevent message id= data=b\n"),

    RULE("a comment begins with a colon", ": a\n", "comment a\n"),
    RULE("a comment needs no space", ":a\n", "comment a\n"),
    RULE("a comment may be empty", ":\n: \n", "comment \ncomment \n"),
    RULE("a comment is no field", ":data: a\n: data: b\n\n", "comment data: a\ncomment data: b\n"),
    RULE("a comment does not end an event", "data: a\n:\ndata: b\n\n", "comment \nevent message id= data=a\\nb\n"),
    RULE("an unfinished comment is not told", ": a", ""),

    RULE("event names the type", "event: x\ndata: a\n\n", "event x id= data=a\n"),
    RULE("the type may follow the data", "data: a\nevent: x\n\n", "event x id= data=a\n"),
    RULE("the last type holds", "event: x\nevent: y\ndata: a\n\n", "event y id= data=a\n"),
    RULE("an empty type is message", "event: x\nevent:\ndata: a\n\nevent\ndata: b\n\n", "event message id= data=a\nevent message id= data=b\n"),
    RULE("a type is kept as it was sent", "event:  x y:z \ndata: a\n\n", "event  x y:z  id= data=a\n"),
    RULE("a type holds for one event", "event: x\ndata: a\n\ndata: b\n\n", "event x id= data=a\nevent message id= data=b\n"),
    RULE("a type without data dispatches nothing", "event: x\n\n", ""),
    RULE("a block without data resets the type", "event: x\n\ndata: a\n\n", "event message id= data=a\n"),

    RULE("id is the event's last event id", "id: 1\ndata: a\n\n", "event message id=1 data=a\n"),
    RULE("the id may follow the data", "data: a\nid: 1\n\n", "event message id=1 data=a\n"),
    RULE("an id stays for events after it", "id: 1\ndata: a\n\ndata: b\n\n", "event message id=1 data=a\nevent message id=1 data=b\n"),
    RULE("the last id of a block holds", "id: 1\nid: 2\ndata: a\n\n", "event message id=2 data=a\n"),
    RULE("an id without data moves the position", "id: 1\n\n", "position 1\n"),
    RULE("an id without data is the next event's", "id: 1\n\ndata: a\n\n", "position 1\nevent message id=1 data=a\n"),
    RULE("the same id again moves nothing", "id: 1\n\nid: 1\n\ndata: a\n\nid: 1\n\n", "position 1\nevent message id=1 data=a\n"),
    RULE("there and back within a block moves nothing", "id: 1\n\nid: 2\nid: 1\n\n", "position 1\n"),
    RULE("an empty id resets it", "id: 1\ndata: a\n\nid\ndata: b\n\n", "event message id=1 data=a\nevent message id= data=b\n"),
    RULE("an empty id without data moves the position", "id: 1\n\nid:\n\n", "position 1\nposition \n"),
    RULE("an empty id at the start moves nothing", "id\n\n", ""),
    RULE("an id with NUL is ignored", "id: 1\n\nid: 2\0\ndata: a\n\n", "position 1\nevent message id=1 data=a\n"),
    RULE("an id with NUL leaves the one before it", "id: 1\nid: \0\ndata: a\n\n", "event message id=1 data=a\n"),
    RULE("an id is kept as it was sent", "id:  1 \ndata: a\n\n", "event message id= 1  data=a\n"),
    RULE("an id need not be ASCII", "id: \xe2\x82\xac\ndata: a\n\n", "event message id=\xe2\x82\xac data=a\n"),
    RULE("an id without its blank line moves nothing", "id: 1\n", ""),

    RULE("retry is told at once", "retry: 3000\n", "retry 3000\n"),
    RULE("retry stands among other fields", "data: a\nretry: 5\ndata: b\n\n", "retry 5\nevent message id= data=a\\nb\n"),
    RULE("retry dispatches nothing", "retry: 5\n\n", "retry 5\n"),
    RULE("retry may be 0 and have leading zeros", "retry: 0\nretry: 0010\n", "retry 0\nretry 10\n"),
    RULE("retry of anything but digits is ignored",
         "retry: -1\nretry: +1\nretry: 1.5\nretry: 0x10\nretry: 1e3\nretry: 1s\nretry: 1 \nretry:  1\nretry: 1\0\n", ""),
    RULE("retry of other digits than ASCII is ignored", "retry: \xd9\xa3\nretry: \xef\xbc\x93\n", ""),
    RULE("retry of nothing is ignored", "retry\nretry:\nretry: \n", ""),
    RULE("retry beyond 64 bits is as long as can be", "retry: 18446744073709551615\nretry: 99999999999999999999999\n",
         "retry 18446744073709551615\nretry 18446744073709551615\n"),
    RULE("an unfinished retry is not told", "retry: 5", ""),

    RULE("an event without its blank line is dropped", "data: a\n\ndata: b\n", "event message id= data=a\n"),
    RULE("an unfinished line is dropped", "data: a\n\ndata: b", "event message id= data=a\n"),
    RULE("an unfinished CRLF is a blank line all the same", "data: a\r\n\r", "event message id= data=a\n"),

    RULE("letters of all lengths arrive", "data: a\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8a\n\n",
         "event message id= data=a\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8a\n"),
    RULE("bytes that begin nothing are replaced singly", "data: \x80\xbf\xfe\xff\n\n", "event message id= data=" FFFD FFFD FFFD FFFD "\n"),
    RULE("overlong forms are replaced byte by byte", "data: \xc0\x80 \xe0\x80\x80 \xf0\x80\x80\x80\n\n",
         "event message id= data=" FFFD FFFD " " FFFD FFFD FFFD " " FFFD FFFD FFFD FFFD "\n"),
    RULE("surrogates are replaced byte by byte", "data: \xed\xa0\x80\xed\xb0\x80\n\n",
         "event message id= data=" FFFD FFFD FFFD FFFD FFFD FFFD "\n"),
    RULE("beyond U+10FFFF is replaced byte by byte", "data: \xf4\x90\x80\x80 \xf5\x80\n\n",
         "event message id= data=" FFFD FFFD FFFD FFFD " " FFFD FFFD "\n"),
    RULE("what was cut off is replaced once", "data: \xc3 \xe2\x82 \xf0\x9f \xf0\x9f\x8c \xed\x9f \xf4\x8f\xbf.\n\n",
         "event message id= data=" FFFD " " FFFD " " FFFD " " FFFD " " FFFD " " FFFD ".\n"),
    RULE("a letter after a cut one is whole", "data: \xf0\x9f\xc3\xa9\xe2\xe2\x82\xac\n\n",
         "event message id= data=" FFFD "\xc3\xa9" FFFD "\xe2\x82\xac\n"),
    RULE("a cut letter does not take the line's end with it", "data: \xe2\x82\ndata: \xf0\x9f\x8c\r\ndata: \xc3\r\r",
         "event message id= data=" FFFD "\\n" FFFD "\\n" FFFD "\n"),
    RULE("a cut letter does not take the colon with it", "data\xc3: a\ndata: b\n\n", "event message id= data=b\n"),
    RULE("types, ids and comments are repaired too", "event: \xff\nid: \xc3\n: \xe2\x82\ndata: a\n\n",
         "comment " FFFD "\nevent " FFFD " id=" FFFD " data=a\n"),
    RULE("U+FFFD itself arrives", "data: " FFFD "\n\n", "event message id= data=" FFFD "\n"),

    /* The examples of the standard and of the web platform's tests. */
    RULE("a quote of three lines", "data: YHOO\ndata: +2\ndata: 10\n\n", "event message id= data=YHOO\\n+2\\n10\n"),
    RULE("four blocks with ids", ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n",
         "comment test stream\nevent message id=1 data=first event\nevent message id= data=second event\n"),
    RULE("the last block is not finished", "data\n\ndata\ndata\n\ndata:", "event message id= data=\nevent message id= data=\\n\n"),
    RULE("with and without the space", "data:test\n\ndata: test\n\n", "event message id= data=test\nevent message id= data=test\n"),
    RULE("fields that look alike",
         "data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n",
         "event message id= data=\\0\\n 2\\n1\\n3\\n\\n4\n"),
    RULE("a hub's opening", "retry: 3000\n\n: connected\n\nid: 1795327500123-0\n\nid: 1795327500124-0\nevent: tick\ndata: {\"n\":1}\n\n",
         "retry 3000\ncomment connected\nposition 1795327500123-0\nevent tick id=1795327500124-0 data={\"n\":1}\n"),
};
/* clang-format on */

enum { SSE_RULES = sizeof sse_rules / sizeof *sse_rules };

#endif
