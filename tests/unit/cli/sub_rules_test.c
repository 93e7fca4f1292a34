/* The table of rules through `freshet sub --json` as it is run: over sockets and a pipe. The
 * program's path is the first argument. */
#include "unit.h"

#include "../client/script.h"
#include "../sse/rules.h"
#include "json/write.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

static const char *program;
extern char **environ;

/* A value of the table, without its escapes. */
static void unescape(struct span text, struct buf *out)
{
    out->len = 0;
    for (size_t i = 0; i < text.n; i++) {
        char byte = text.p[i];
        if (byte == '\\')
            byte = text.p[++i] == 'n' ? '\n' : text.p[i] == '0' ? '\0' : text.p[i];
        assert_ok(buf_append(out, &byte, 1));
    }
}

static struct span cut_at(struct span *text, const char *mark)
{
    const char *at = memmem(text->p, text->n, mark, strlen(mark));
    assert_non_null(at);
    struct span before = {text->p, (size_t)(at - text->p)};
    size_t used = before.n + strlen(mark);
    *text = (struct span){text->p + used, text->n - used};
    return before;
}

/* The lines that the events of the rule make. */
static void expect(const struct sse_rule *rule, struct buf *out)
{
    struct buf value;
    buf_init(&value, 1 << 16);
    for (struct span rest = span_from(rule->told); rest.n;) {
        struct span line = span_cut(&rest, '\n');
        if (!span_starts(line, SPAN("event ")))
            continue;
        cut_at(&line, " ");
        struct span type = cut_at(&line, " id="), id = cut_at(&line, " data=");
        const struct {
            const char *front;
            struct span text;
        } members[] = {{"{\"id\":", id}, {",\"event\":", type}, {",\"data\":", line}};
        for (size_t i = 0; i < 3; i++) {
            unescape(members[i].text, &value);
            assert_ok(buf_printf(out, "%s", members[i].front));
            assert_ok(json_write_string(buf_span(&value), out));
        }
        assert_ok(buf_printf(out, "}\n"));
    }
    buf_fini(&value);
}

static pid_t start(const char *url, int *output)
{
    char *arguments[] = {(char *)(uintptr_t)program, "sub", "--once", "--json", "--quiet",
                         (char *)(uintptr_t)url,     NULL};
    int ends[2];
    pid_t pid;
    posix_spawn_file_actions_t actions;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    assert_int_equal(posix_spawn(&pid, program, &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    *output = ends[0];
    return pid;
}

/* One run against the answer; what it printed. */
static void run(struct script *script, struct span answer, struct buf *printed)
{
    int output, status;
    script_answers(script, &answer, 1);
    pid_t pid = start(script->url, &output);
    for (;;) {
        char bytes[4096];
        struct pollfd fds[2] = {{.fd = output, .events = POLLIN}, script_poll(script)};
        assert_true(poll(fds, 2, 60000) > 0);
        if (fds[1].revents)
            script_step(script);
        if (!fds[0].revents)
            continue;
        ssize_t n = read(output, bytes, sizeof bytes);
        assert_true(n >= 0);
        if (n == 0)
            break;
        assert_ok(buf_append(printed, bytes, (size_t)n));
    }
    close(output);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void assert_rule(struct script *script, const struct sse_rule *rule, bool byte_by_byte)
{
    struct buf answer, expected, printed;
    buf_init(&answer, 1 << 16);
    buf_init(&expected, 1 << 16);
    buf_init(&printed, 1 << 16);
    script_write_stream(&answer, rule->input, byte_by_byte ? 0 : rule->input.n);
    expect(rule, &expected);
    run(script, buf_span(&answer), &printed);
    if (!span_equal(buf_span(&printed), buf_span(&expected)))
        fail_msg("%s: printed \"%.*s\", not \"%.*s\"", rule->name, (int)printed.len,
                 buf_span(&printed).p, (int)expected.len, buf_span(&expected).p);
    buf_fini(&answer);
    buf_fini(&expected);
    buf_fini(&printed);
}

static void every_rule_holds_for_what_is_printed(void **state)
{
    (void)state;
    struct script script;
    script_open(&script);
    for (size_t i = 0; i < SSE_RULES; i++) {
        assert_rule(&script, &sse_rules[i], false);
        assert_rule(&script, &sse_rules[i], true);
    }
    script_close(&script);
}

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_rule_holds_for_what_is_printed)};
    if (count < 2)
        return 2;
    program = arguments[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
