/* A reader's view. */
#include "view.h"

static unsigned names_of(const struct view *view, size_t channel)
{
    unsigned names = 0;
    for (size_t i = 0; i < view->count; i++)
        if (model_meets(view->names[i], view->model->channels[channel].name))
            names |= 1u << i;
    return names;
}

bool view_meets(const struct view *view, size_t channel)
{
    return names_of(view, channel);
}

/* ---- where it starts ---- */

/* How many events on its channels lie in (after, until]: those that are kept, or all. */
static uint64_t count_in(const struct view *view, uint64_t after, uint64_t until, bool all)
{
    const struct model *model = view->model;
    uint64_t count = 0;
    for (size_t i = all ? 0 : model->oldest; i < model->count; i++) {
        const struct model_event *event = &model->events[i];
        count += event->id > after && event->id <= until && (all || !event->gone) &&
                 names_of(view, event->channel);
    }
    return count;
}

/* The newest n: from `start` on there are n that are kept, or all that are. Where something came or
 * went while the log searched, it is right if it was so then. */
static bool well_chosen(const struct view *view, uint64_t n, uint64_t start, uint64_t first_head,
                        bool changed)
{
    uint64_t head = view->model->head;
    bool all = count_in(view, 0, start, false) == 0;
    if (n == 0 || count_in(view, 0, head, false) == 0)
        return start == head || (n && changed);
    uint64_t count = count_in(view, start, first_head, false);
    if (changed && n != UINT64_MAX)
        return count <= n && (all || count_in(view, start, first_head, true) >= n);
    return count_in(view, start, start + 1, false) == 1 && (count == n || (count < n && all));
}

const char *view_begin(struct view *view, uint64_t start, bool unknown, uint64_t first_head,
                       uint64_t first_moment)
{
    const struct start *asked = &view->asked;
    uint64_t head = view->model->head, n = 0;
    bool right = true;
    view->unknown = asked->position_kind == START_UNKNOWN ||
                    (asked->position_kind == START_AFTER && asked->position > head);
    if (asked->position_kind == START_AFTER && asked->position <= head) {
        right = start == asked->position;
    } else if (asked->from_kind == START_AFTER && asked->from <= head) {
        right = start == asked->from;
    } else if (asked->from_kind == START_TIME) {
        right = start == (asked->from < head ? asked->from : head);
    } else {
        view->unknown |= asked->from_kind == START_AFTER || asked->from_kind == START_UNKNOWN;
        n = asked->from_kind == START_EARLIEST ? UINT64_MAX
            : asked->from_kind == START_NEWEST ? asked->from
                                               : 0;
        right = well_chosen(view, n, start, first_head, first_moment != view->model->moment);
    }
    view->start = view->seen = start;
    view->begun_head = head;
    while (view->next < view->model->count && view->model->events[view->next].id <= start)
        view->next++;
    return !right                     ? "the stream starts at the wrong place"
           : unknown != view->unknown ? "whether the position is known is wrong"
                                      : NULL;
}

/* ---- what the log answers ---- */

static const char *judge_losses(const struct view *view, const struct piece *piece)
{
    bool any = false, right = true;
    for (size_t i = 0; i < view->count; i++) {
        bool deleted;
        uint64_t dropped = model_dropped(view->model, view->names[i], &deleted);
        any |= dropped > piece->start;
        right &=
            !piece->trimmed_to || (piece->trimmed_to[i] == dropped && piece->deleted[i] == deleted);
    }
    return !right                               ? "the log says something else of what is lost"
           : any != (piece->trimmed_to != NULL) ? "whether something is lost is wrong"
                                                : NULL;
}

const char *view_piece(const struct view *view, const struct piece *piece)
{
    uint64_t last = piece->start;
    if (piece->head != view->model->head || piece->complete_to < piece->start ||
        piece->complete_to > piece->head)
        return "a piece reaches too far, or not far enough";
    for (uint32_t i = 0; i < piece->count; i++) {
        const struct model_event *event = model_find(view->model, piece->events[i]->id);
        if (!event || event->gone)
            return "a piece holds what is not kept";
        if (event->id <= last || event->id > piece->complete_to)
            return "a piece is out of order";
        if (!names_of(view, event->channel))
            return "a piece holds another channel's";
        last = event->id;
    }
    if (count_in(view, piece->start, piece->complete_to, false) != piece->count)
        return "a piece leaves out what is kept";
    return judge_losses(view, piece);
}

/* The names of which losses are told for that reason. */
static const char *expect_notice(struct view *view, const struct piece *piece, bool opening,
                                 enum gap_reason reason)
{
    struct gap gap = {.after = UINT64_MAX, .reason = reason};
    for (size_t i = 0; i < view->count; i++) {
        uint64_t dropped = piece->trimmed_to[i];
        bool slow = !opening && !piece->deleted[i];
        if (dropped <= piece->start || dropped <= view->told[i] || slow != (reason == GAP_SLOW))
            continue;
        uint64_t told = view->told[i] > piece->start ? view->told[i] : piece->start;
        gap.names[i / 8] |= (uint8_t)(1 << i % 8);
        gap.after = told < gap.after ? told : gap.after;
        gap.until = dropped > gap.until ? dropped : gap.until;
    }
    if (!gap.until)
        return NULL;
    for (size_t i = 0; i < view->count; i++)
        if (gap.names[i / 8] & 1 << i % 8)
            view->told[i] = gap.until;
    if (view->notice_count == VIEW_NOTICES)
        return "notices are not told";
    view->notices[view->notice_count++] = gap;
    return NULL;
}

const char *view_take(struct view *view, const struct piece *piece, bool opening)
{
    if (opening && view->made)
        view->told[view->count - 1] = piece->head; /* nobody could send to it before */
    if (!piece->trimmed_to)
        return NULL;
    const char *wrong = expect_notice(view, piece, opening, GAP_TRIMMED);
    return wrong ? wrong : expect_notice(view, piece, opening, GAP_SLOW);
}

/* ---- what it sees ---- */

static bool is_told(const struct view *view, uint64_t id, unsigned names)
{
    for (size_t i = 0; i < view->gap_count; i++)
        if (id > view->gaps[i].after && id <= view->gaps[i].until && view->gaps[i].names & names)
            return true;
    return false;
}

/* Goes on to `id`: what is left out must have been dropped, and told. */
static const char *pass(struct view *view, uint64_t id)
{
    const struct model *model = view->model;
    for (; view->next < model->count && model->events[view->next].id < id; view->next++) {
        const struct model_event *event = &model->events[view->next];
        unsigned names = names_of(view, event->channel);
        if (!names)
            continue;
        if (!event->gone)
            return "an event that is kept was left out";
        if (!is_told(view, event->id, names))
            return "an event was lost in silence";
    }
    return NULL;
}

const char *view_event(struct view *view, uint64_t id)
{
    const struct model *model = view->model;
    if (!view->opened)
        return "an event came before the opening";
    if (id <= view->seen)
        return "ids do not rise";
    const char *wrong = pass(view, id);
    if (wrong)
        return wrong;
    if (view->next == model->count || model->events[view->next].id != id)
        return "an event that there is not, or that was left out before";
    if (!names_of(view, model->events[view->next++].channel))
        return "an event on another channel";
    view->seen = id;
    return NULL;
}

const char *view_position(struct view *view, uint64_t id)
{
    if (!view->opened) {
        view->opened = true;
        return id != view->start                      ? "the stream opens at another position"
               : view->unknown && !view->unknown_told ? "the unknown position was not told"
                                                      : NULL;
    }
    if (id <= view->seen)
        return "the position does not rise";
    view->seen = id;
    return pass(view, id + 1);
}

/* Something was dropped after that on this name that no notice has told, or that can't be known. */
static bool has_lost(const struct view *view, size_t name, uint64_t after)
{
    if (view->made && name + 1 == view->count && after < view->begun_head)
        after = view->begun_head;
    for (size_t i = 0; i < view->gap_count; i++)
        if (view->gaps[i].names & 1u << name && view->gaps[i].until > after)
            after = view->gaps[i].until;
    bool deleted;
    return model_dropped(view->model, view->names[name], &deleted) > after;
}

/* It is the first of those that must come; takes that out. */
static bool is_expected(struct view *view, const struct gap *gap)
{
    const struct gap *first = view->notices;
    bool same = view->notice_count && first->after == gap->after && first->until == gap->until &&
                first->reason == gap->reason &&
                memcmp(first->names, gap->names, sizeof gap->names) == 0;
    if (same)
        memmove(view->notices, view->notices + 1, --view->notice_count * sizeof *first);
    return same;
}

const char *view_gap(struct view *view, const struct gap *gap)
{
    uint64_t newest = 0;
    if (gap->reason == GAP_UNKNOWN) {
        if (view->unknown_told || view->opened || !view->unknown || gap->until != view->start)
            return "a position was told as unknown";
        view->unknown_told = true;
        return NULL;
    }
    size_t useful = 0;
    for (size_t i = 0; i < view->gap_count; i++)
        if (view->gaps[i].until > view->seen)
            view->gaps[useful++] = view->gaps[i];
    view->gap_count = useful;
    if (useful == VIEW_GAPS)
        return "there is no end of notices";
    struct view_gap *told = &view->gaps[useful];
    *told = (struct view_gap){gap->after, gap->until, 0};
    if (!view->opened || gap->after < view->seen || gap->until <= gap->after)
        return "a notice of what was before";
    if (!is_expected(view, gap))
        return "another notice was to come";
    for (size_t i = 0; i < view->count; i++) {
        if (!(gap->names[i / 8] & 1 << i % 8))
            continue;
        if (!has_lost(view, i, gap->after))
            return "a notice tells what was not lost, or was told";
        bool deleted;
        uint64_t dropped = model_dropped(view->model, view->names[i], &deleted);
        newest = dropped > newest ? dropped : newest;
        told->names |= 1u << i;
    }
    if (gap->until > newest)
        return "a notice goes too far";
    view->gap_count++;
    return NULL;
}

const char *view_settled(struct view *view)
{
    return !view->opened        ? "the stream does not open"
           : view->notice_count ? "a notice did not come"
                                : pass(view, UINT64_MAX);
}
