# complete.zsh COMPLETIONS LINE: completes LINE in a real zsh on a pseudo-terminal, with the completion
# function in that file, and prints what it finds, a line each.
zmodload zsh/zpty
line=
zpty shell zsh -f -i
{
  zpty -w shell "PS1= PROMPT_EOL_MARK=; fpath=($1:h \$fpath); autoload -U compinit; compinit -u -D"
  zpty -w shell 'compadd() { local -a found; [[ " $* " == *\ -[AOD]\ * ]] || { builtin compadd -A found "$@"; print -rl -- "<found>"${^found}"</found>" }; builtin compadd "$@" }'
  zpty -w shell 'zle-line-init() { print "<""ready>" }; zle -N zle-line-init' # from then on keys are zle's
  while zpty -r shell line && [[ $line != *'<ready>'* ]]; do :; done
  zpty -w -n shell "$2"$'\t\C-u'
  zpty -w shell 'print "<""done>"'
  while zpty -r shell line && [[ $line != *'<done>'* ]]; do
    [[ $line != *'<found>'*'</found>'* ]] || print -r -- ${${line#*<found>}%%</found>*}
  done
} always {
  zpty -d shell
}
