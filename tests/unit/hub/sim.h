/* A hub made of its real parts, driven step by step at random. */
#ifndef FRESHET_TESTS_SIM_H
#define FRESHET_TESTS_SIM_H

#include "parts.h"

/* A new hub with new limits, on which nobody is. */
void sim_begin(struct sim *sim);
void sim_step(struct sim *sim);
/* Lets everything come to rest, and checks that all have all. */
void sim_rest(struct sim *sim);
/* Everybody leaves, and nothing is left. */
void sim_end(struct sim *sim);

/* Between: what the log keeps is what it must keep. */
void check_tail(const struct sim *sim);

/* A reader without a stream opens one; somebody publishes. */
void subscribe(struct sim *sim, struct reader *reader);
void publish(struct sim *sim);

void sim_print_figures(const struct sim *sim);

#endif
