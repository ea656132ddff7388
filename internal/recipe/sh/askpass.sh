#!/bin/sh
# Answers git and git-lfs. They ask for the user's name or for the password with the words
# "Password for 'https://user@host': ". A submodule, a redirect or .lfsconfig may lead to
# any other host, so only the repository's own host gets an answer. The answers are in the
# folder of this script.
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
