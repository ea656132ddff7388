IFS= read -r url
# In a URL without a user, redis-cli sees a user without a name.
case $url in
*://:*) url=${url%%:*}://${url#*://:} ;;
esac
client=$(command -v redis-cli || command -v valkey-cli)
ask() { "$client" --no-auth-warning -u "$url" ${TLS:+--insecure} "$@"; }
[ "$(ask set key answered)" = OK ]
ask get key
