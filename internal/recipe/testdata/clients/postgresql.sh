IFS= read -r url
psql "$url" --no-psqlrc --tuples-only --no-align --command "SELECT 'answered'"
