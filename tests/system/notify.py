"""notify.py SOCKET: a service manager's side of sd_notify (SOCKET beginning with @ is an abstract one).
Prints what comes, a JSON string a line, first "" when it listens. On standard input `hold TID` stops
one thread of a process, as being stuck would, and `release TID` lets it go; each is answered by a
line {"held": true or false} or {"released": true}."""
import ctypes
import json
import os
import select
import socket
import sys

SEIZE, INTERRUPT, DETACH, ALL = 0x4206, 0x4207, 17, 0x40000000
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def hold(tid):
    if libc.ptrace(SEIZE, tid, None, None) or libc.ptrace(INTERRUPT, tid, None, None):
        return False
    return os.waitpid(tid, ALL)[0] == tid


def say(value):
    print(json.dumps(value), flush=True)


sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sock.bind(sys.argv[1].replace('@', '\0', 1) if sys.argv[1].startswith('@') else sys.argv[1])
say('')
while True:
    for ready in select.select([sock, sys.stdin.buffer.raw], [], [])[0]:
        if ready is sock:
            say(sock.recv(4096).decode())
            continue
        commands = os.read(0, 4096).decode()
        if not commands:
            sys.exit(0)
        for command in commands.splitlines():
            verb, tid = command.split()
            if verb == 'hold':
                say({'held': hold(int(tid))})
            else:
                say({'released': libc.ptrace(DETACH, int(tid), None, None) == 0})
