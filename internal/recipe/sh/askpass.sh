#!/bin/sh
# Answers git and git-lfs, which ask for the user's name or for the password in the
# words of "Password for 'https://user@host': ", and only if they ask for the host of
# the repository: a submodule, a redirect or .lfsconfig may lead to any other.
folder=${0%/*}
asked=${1#* for ?}
host=${asked#*://}
case $host in
*@*) host=${host##*@} ;;
esac
host=${host%%[/\'\"]*}
[ "${asked%%://*}://$host" = "$(cat "$folder/git-host")" ] || exit 1
case $1 in
Username*) cat "$folder/git-user" ;;
*) cat "$folder/git-password" ;;
esac
