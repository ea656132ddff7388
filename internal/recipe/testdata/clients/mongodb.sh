IFS= read -r url
export url
cat >/tmp/ask.js <<'.'
const kept = new Mongo(process.env.url.replace('/?', '/admin?')).getDB('kept');
kept.words.insertOne({word: 'answered'});
print(kept.words.findOne().word);
.
mongosh --quiet --norc --nodb /tmp/ask.js
