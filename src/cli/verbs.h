/* The verbs of the program. Each takes what stands behind its name and returns the exit status: 0
 * done, 1 failed, 2 used wrongly. */
#ifndef FRESHET_CLI_VERBS_H
#define FRESHET_CLI_VERBS_H

int verb_serve(int count, char **arguments); /* serve.c */

#endif
