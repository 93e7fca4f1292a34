/* Settings read again while the hub runs: what may change, and what is said of it. The main thread.
 */
#ifndef FRESHET_SERVER_RELOAD_H
#define FRESHET_SERVER_RELOAD_H

#include "engine/tail.h"
#include "server/settings.h"

/* Reads the sources of these settings again. What only a restart changes stays as it is, and is
 * told. The caller's reference; NULL, told too, where anything is wrong. */
struct settings *reload_read(const struct settings *old);

/* Tells what changes, and sets the log as the new ones say. */
void reload_tell(const struct settings *old, const struct settings *fresh);

/* Tells that nothing changes, and why. */
void reload_refused(const char *why);

/* What the engine is to keep, with rules that are the caller's. False: no memory. */
bool reload_limits(const struct settings *settings, struct tail_limits *limits);

#endif
