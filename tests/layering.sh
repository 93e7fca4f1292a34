#!/bin/bash
# layering.sh [ROOT]: holds the rule that includes point only down. A module is a folder of src/; it
# may include itself and the modules of lower lines, never a neighbour on its own line. Prints each
# violation and fails. layering.sh --self-test plants violations and sees that each is found.
set -euo pipefail

declare -A LINE=([cli]=6 [server]=5 [client]=4 [bench]=4 [engine]=3 [hub]=2 [http]=2 [sse]=2 [json]=2 [net]=2 [base]=1)

check() ( # check ROOT
    cd "$1"
    bad=0
    while IFS=: read -r file number text; do
        from=${file#src/} from=${from%%/*}
        path=$(sed -E 's/^[^"<]*["<]([^">]*)[">].*/\1/' <<<"$text")
        to=${path%%/*}
        if [ -z "${LINE[$from]-}" ]; then
            why="src/$from stands on no line"
        elif [[ $path == *..* ]]; then
            why="not by its module's name"
        elif [[ $text == *'<'* ]]; then
            [ -e "src/$path" ] || continue # a library's
            why="ours is included with quotes"
        elif [[ $path != */* ]]; then
            [ ! -e "${file%/*}/$path" ] || continue
            why="not by its module's name"
        elif [ -z "${LINE[$to]-}" ]; then
            why="$to is no module"
        elif [ "$from" = "$to" ] || [ "${LINE[$to]}" -lt "${LINE[$from]}" ]; then
            continue
        else
            why="$from must not know $to"
        fi
        echo "$file:$number: $path: $why"
        bad=1
    done < <(grep -rnE '^[[:blank:]]*#[[:blank:]]*include' --include='*.[ch]' --include='*.def' src)
    exit $bad
)

self_test() {
    local root line
    root=$(mktemp -d)
    trap "rm -rf '$root'" EXIT
    mkdir -p "$root"/src/{cli,server,engine,hub,http,net,base,extra}
    touch "$root"/src/{cli,server,hub,http}/x.h
    plant() { # plant FILE INCLUDE yes|no: whether the check passes with this one line
        echo "$2" >"$root/src/$1"
        if check "$root" >/dev/null; then line=yes; else line=no; fi
        rm "$root/src/$1"
        [ $line = "$3" ] || { echo "layering.sh: $1 with '$2': passes: $line, should be: $3" >&2; exit 1; }
    }
    plant server/a.c '#include "hub/x.h"' yes
    plant server/a.c '#include "server/x.h"' yes
    plant hub/a.c '#include "x.h"' yes
    plant net/a.c '#include <net/if.h>' yes
    plant hub/a.c '#include "server/x.h"' no
    plant hub/a.h '#include "http/x.h"' no
    plant base/a.def ' # include "hub/x.h"' no
    plant engine/a.c '#include "../server/x.h"' no
    plant engine/a.c '#include <hub/x.h>' no
    plant server/a.c '#include "other/x.h"' no
    plant extra/a.c '#include "hub/x.h"' no
}

if [ "${1-}" = --self-test ]; then
    self_test
else
    check "${1-$(dirname "$0")/..}" && echo "includes point only down"
fi
