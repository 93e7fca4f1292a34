/* The time that is left is guessed from what is done: by whatever is furthest behind. */
#include "bench/view.h"

#include "bench/figures.h"
#include "bench/now.h"

#include "base/terminal.h"

#include <stdio.h>

static const double show_every = 0.2;

void view_begin(struct view *view, const char *phase, uint64_t now_ns, double seconds)
{
    view->phase = phase;
    view->begun_ns = now_ns;
    view->shown_ns = 0;
    view->seconds = seconds;
}

static double least(double a, uint64_t done, uint64_t all)
{
    double part = all ? (double)done / (double)all : 1;
    return part < a ? part : a;
}

/* -1: nobody can tell yet. */
static double seconds_left(const struct view *view, uint64_t now_ns)
{
    double elapsed = seconds_between(view->begun_ns, now_ns);
    if (view->seconds > 0)
        return elapsed < view->seconds ? view->seconds - elapsed : 0;
    double part = least(least(1, view->open, view->streams), view->published, view->events);
    if (view->events)
        part = least(least(1, view->published, view->events), view->delivered, view->expected);
    return part > 0.001 ? elapsed * (1 - part) / part : -1;
}

void view_tick(struct view *view, uint64_t now_ns)
{
    char left[40] = "";
    if (view->shown_ns && seconds_between(view->shown_ns, now_ns) < show_every)
        return;
    view->shown_ns = now_ns;
    double seconds = seconds_left(view, now_ns);
    if (seconds >= 0)
        snprintf(left, sizeof left, ", %.0f s left", seconds + 0.5);
    progress_show(
        "%s%s: %s of %s streams, %s of %s events, %s of %s deliveries", view->phase, left,
        figure_count((double)view->open).text, figure_count((double)view->streams).text,
        figure_count((double)view->published).text, figure_count((double)view->events).text,
        figure_count((double)view->delivered).text, figure_count((double)view->expected).text);
}

void view_end(struct view *view)
{
    (void)view;
    progress_clear();
}
