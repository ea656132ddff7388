#!/bin/sh
# Answers git, which asks for a user's name or for the password.
case $1 in
Username*) cat "${0%/*}/git-user" ;;
*) cat "${0%/*}/git-password" ;;
esac
