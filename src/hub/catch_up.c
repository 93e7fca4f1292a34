/* Pieces of the log and what they tell of losses. See catch_up.h. */
#include "hub/catch_up.h"

#include "base/check.h"

#include <stdlib.h>

static const char *const reason_names[GAP_REASONS] = {"trimmed", "slow", "unknown"};

const char *gap_reason_name(enum gap_reason reason)
{
    return reason_names[reason];
}

struct catch_up *catch_up_new(struct selection *selection)
{
    if (!selection)
        return NULL;
    struct catch_up *catch_up =
        calloc(1, sizeof *catch_up + selection->count * sizeof *catch_up->told);
    if (catch_up)
        catch_up->selection = selection;
    else
        selection_unref(selection);
    return catch_up;
}

void catch_up_free(struct catch_up *catch_up)
{
    if (!catch_up)
        return;
    catch_up_drop_piece(catch_up);
    while (catch_up->gap)
        catch_up_told(catch_up);
    selection_unref(catch_up->selection);
    free(catch_up);
}

void catch_up_drop_piece(struct catch_up *catch_up)
{
    piece_free(catch_up->piece);
    catch_up->piece = NULL;
    catch_up->taken = 0;
}

void catch_up_told(struct catch_up *catch_up)
{
    struct gap *gap = catch_up->gap;
    catch_up->gap = gap->following;
    free(gap);
}

uint64_t catch_up_end(const struct catch_up *catch_up)
{
    uint64_t end =
        catch_up->replay_to > catch_up->client_floor ? catch_up->replay_to : catch_up->client_floor;
    for (size_t i = 0; i < catch_up->selection->count; i++)
        if (catch_up->told[i] > end)
            end = catch_up->told[i];
    return end;
}

/* ---- losses ---- */

static struct gap *add_gap(struct catch_up *catch_up, struct gap gap)
{
    struct gap **place = &catch_up->gap;
    while (*place)
        place = &(*place)->following;
    *place = malloc(sizeof gap);
    if (*place)
        **place = gap;
    return *place;
}

static bool note_unknown(struct catch_up *catch_up, uint64_t start)
{
    struct gap gap = {.until = start, .reason = GAP_UNKNOWN};
    for (size_t i = 0; i + 1 < catch_up->selection->count; i++)
        gap.names[i / 8] |= (uint8_t)(1 << i % 8);
    return add_gap(catch_up, gap) != NULL;
}

/* Notes a gap of that reason over the names whose losses have it: what is dropped while a stream is
 * open went before a slow reader, unless it was deleted. */
static bool note_trimmed(struct catch_up *catch_up, const struct piece *piece,
                         enum gap_reason reason, bool opening)
{
    if (!piece->trimmed_to)
        return true;
    struct gap gap = {.after = UINT64_MAX, .reason = reason};
    uint64_t *told = catch_up->told;
    size_t count = catch_up->selection->count;
    for (size_t i = 0; i < count; i++) {
        uint64_t trimmed = piece->trimmed_to[i];
        bool slow = !opening && !piece->deleted[i];
        if (slow != (reason == GAP_SLOW) || trimmed <= piece->start || trimmed <= told[i])
            continue;
        uint64_t after = told[i] > piece->start ? told[i] : piece->start;
        gap.names[i / 8] |= (uint8_t)(1 << i % 8);
        if (after < gap.after)
            gap.after = after; /* what lies before it was told, or seen */
        if (trimmed > gap.until)
            gap.until = trimmed;
    }
    for (size_t i = 0; i < count; i++)
        if (gap.names[i / 8] & 1 << i % 8)
            told[i] = gap.until; /* so far the notice reaches for each of them */
    return gap.until == 0 || add_gap(catch_up, gap);
}

bool catch_up_take(struct catch_up *catch_up, struct piece *piece, bool opening)
{
    CHECK(!catch_up->piece);
    catch_up->asked = NULL;
    catch_up->piece = piece;
    catch_up->taken = 0;
    if (catch_up->client_floor == UINT64_MAX)
        catch_up->client_floor = piece->head;
    if (opening) {
        catch_up->replay_to = piece->head;
        if (!catch_up->selection->client_given)
            catch_up->told[catch_up->selection->count - 1] = piece->head;
        else
            catch_up->client_floor = piece->head;
        if (piece->unknown && !note_unknown(catch_up, piece->start))
            return false;
    }
    return note_trimmed(catch_up, piece, GAP_TRIMMED, opening) &&
           note_trimmed(catch_up, piece, GAP_SLOW, opening);
}
