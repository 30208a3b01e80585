package cleartext

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// fill is n characters of an alphabet, the same each time.
func fill(n int, alphabet string) string {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(out)
}

const (
	alnum = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	hex   = "0123456789abcdef"
)

// Shapes are secrets that show by themselves, whatever name they stand under.
func shapesOfSecrets() map[string]string {
	return map[string]string{
		"OpenAI project key":     "sk-proj-" + fill(48, alnum),
		"OpenAI key":             "sk-" + fill(48, alnum),
		"OpenAI key, repeating":  "sk-proj-" + strings.Repeat("Ab3", 14),
		"Anthropic key":          "sk-ant-api03-" + fill(93, alnum) + "AA",
		"OpenRouter key":         "sk-or-v1-" + fill(64, hex),
		"Stripe live key":        "sk_live_" + fill(24, alnum),
		"Stripe restricted key":  "rk_test_" + fill(24, alnum),
		"Google key":             "AIza" + fill(35, alnum),
		"Google client secret":   "GOCSPX-" + fill(28, alnum),
		"Google access token":    "ya29." + fill(60, alnum),
		"JSON web token":         "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0." + fill(43, alnum),
		"npm token":              "npm_" + fill(36, alnum),
		"PyPI token":             "pypi-AgEIcHlwaS5vcmc" + fill(60, alnum),
		"SendGrid key":           "SG." + fill(22, alnum) + "." + fill(43, alnum),
		"Slack web hook":         "https://hooks.slack.com/services/T00000000/B00000000/" + fill(24, alnum),
		"Discord web hook":       "https://discord.com/api/webhooks/123456789012345678/" + fill(68, alnum),
		"Teams web hook":         "https://example.webhook.office.com/webhookb2/" + fill(36, hex) + "/IncomingWebhook/x",
		"AWS key id":             "AKIA" + fill(16, upper),
		"AWS temporary key id":   "ASIA" + fill(16, upper),
		"AWS pair":               "AKIA" + fill(16, upper) + ":" + fill(40, alnum),
		"AWS secret in a line":   "AWS_SECRET_ACCESS_KEY=" + fill(40, alnum),
		"redis address":          "redis://:hunter2-Passw0rd@db:6379/0",
		"postgres address":       "postgres://ada:hunter2-Passw0rd@db/x",
		"proxy address":          "http://ada:hunter2-Passw0rd@proxy:3128",
		"token in an address":    "https://" + fill(40, hex) + "@git.example.org/x.git",
		"query of an address":    "https://example.org/feed?a=b&access_token=hunter2-Passw0rd",
		"OpenSSH key":            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE\n-----END OPENSSH PRIVATE KEY-----",
		"RSA key":                "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----",
		"PGP key":                "-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQdGBGN\n-----END PGP PRIVATE KEY BLOCK-----",
		"key without its end":    "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIB",
		"WireGuard file":         "[Interface]\nPrivateKey = " + fill(43, alnum) + "=\n",
		"age key":                "AGE-SECRET-KEY-1" + fill(58, upper),
		"GitHub token":           "ghp_" + fill(36, alnum),
		"GitHub fine token":      "github_pat_" + fill(22, alnum) + "_" + fill(59, alnum),
		"GitLab token":           "glpat-" + fill(20, alnum),
		"Hugging Face token":     "hf_" + fill(34, alnum[:52]),
		"Slack token":            "xoxb-123456789012-123456789012-" + fill(24, alnum),
		"Tailscale key":          "tskey-auth-" + fill(16, alnum) + "-" + fill(32, alnum),
		"DigitalOcean token":     "dop_v1_" + fill(64, hex),
		"Docker token":           "dckr_pat_" + fill(27, alnum),
		"Telegram token":         "123456789:AA" + fill(33, alnum),
		"Azure connection":       "DefaultEndpointsProtocol=https;AccountKey=" + fill(86, alnum) + "==",
		"authorization header":   "Authorization: Bearer hunter2-Passw0rd",
		"basic authorization":    "authorization: Basic " + fill(20, alnum) + "==",
		"flag":                   "--api-key=hunter2-Passw0rd",
		"flag and value":         "serve --token hunter2-Passw0rd --port 80",
		"line of a shell":        "export DB_PASS=hunter2-Passw0rd",
		"line of an ini file":    "[db]\npassword = hunter2-Passw0rd",
		"JSON":                   `{"user": "ada", "client_secret": "hunter2-Passw0rd"}`,
		"Nix":                    `services.x.password = "hunter2-Passw0rd";`,
		"redis.conf":             "port 6379\nrequirepass hunter2-Passw0rd\n",
		"1Password secret key":   "A3-ABCDEF-ABCDEFGHIJK-ABCDE-ABCDE-ABCDE",
		"Databricks token":       "dapi" + fill(32, hex),
		"Shopify token":          "shpat_" + fill(32, hex),
		"New Relic key":          "NRAK-" + strings.ToUpper(fill(27, alnum)),
		"Linear key":             "lin_api_" + fill(40, alnum),
		"Grafana token":          "glsa_" + fill(32, alnum) + "_" + fill(8, hex),
		"Vault token":            "hvs." + fill(95, alnum),
		"Age key in a long text": strings.Repeat("a line of text\n", 50) + "AGE-SECRET-KEY-1" + fill(58, upper),
	}
}

func TestShapes(t *testing.T) {
	for name, value := range shapesOfSecrets() {
		if Value("comment", value) == "" {
			t.Errorf("%s: %s is not noticed", name, value)
		}
	}
}

// Every regular expression of the table compiles, and every rule has words to look for first.
func TestTable(t *testing.T) {
	if n := len(shapes().shapes); n < 200 {
		t.Errorf("%d shapes", n)
	}
	for _, s := range shapes().shapes {
		s.find.MatchString("")
	}
}

func TestNames(t *testing.T) {
	for _, name := range strings.Fields(`PASSWD password DB_PASS dbPassword PGPASSWORD MYSQL_ROOT_PASSWORD EMAIL_HOST_PASSWORD psk pskRaw PSK authKey
		auth_key AUTHKEY SECRET_KEY SECRET_KEY_BASE secretKeyBase JWT_SECRET clientSecret credentials GITHUB_TOKEN agentToken refreshToken token
		TOKEN_2 apiKey api-key OPENAI_API_KEY accessKey AWS_SECRET_ACCESS_KEY privateKey presharedKey passphrase requirePass adminPass pass
		bindpw masterauth encryption_key ENCRYPTION-KEY rconPassword initialPassword Passwort licenseKey cookieSecret API_TOKENS`) {
		if Value(name, "hunter2-Passw0rd") == "" {
			t.Errorf("%s is no name of a secret", name)
		}
	}
	for _, name := range strings.Fields(`passwordFile password_path tokenUrl tokenEndpoint PASSWORD_MIN_LENGTH max_tokens MAX_TOKENS num_tokens
		proxyPass proxy_pass fastcgi_pass passwordHash hashedPassword credentialHelper secretName secretsDir publicKey authorizedKeys tokenizer
		passwordless passwordManager key keys keyboard monkey hostKey sshKey compass bypass author authentication accessKeyId token_ttl
		LoadCredential passthrough passwordAuthentication user email turnkey keymap path`) {
		if kind := Value(name, "hunter2"); kind != "" {
			t.Errorf("%s is taken for the name of a secret: %s", name, kind)
		}
	}
}

// What stands for a secret that lies elsewhere is none; what only begins so is.
func TestElsewhere(t *testing.T) {
	for _, value := range []string{"", "/run/keys/x", "/etc/secrets/a.env", "$TOKEN", "$DB_PASS", "${TOKEN}", "${config.x}", "$__file{/run/x}",
		"$(cat /run/keys/x)", "%d/token", "%(password)s", "@token@", "@/run/x", "{{ .Env.TOKEN }}", "file:/run/keys/x", "true", "none", "!", "*",
		"ENC[AES256_GCM,data:QQ==,iv:QQ==,tag:QQ==,type:str]", "<password>"} {
		if kind := Value("password", value); kind != "" {
			t.Errorf("%q is taken for a secret: %s", value, kind)
		}
	}
	for _, value := range []string{"$ecret-Passw0rd", "@dmin-Passw0rd", "%ecret-Passw0rd", "/hunter2-Passw0rd", "$Pa55", "ENC[hunter2]", "ENC[AES256_GCM,data:x]",
		"password", "a b c", "12345678", "$TOKEN-Passw0rd", "/9j/4AAQSkZJRg", "%d", "truely"} {
		if Value("password", value) == "" {
			t.Errorf("%q is taken for a reference", value)
		}
	}
}

// What is no secret in a text of several words and lines.
func TestTexts(t *testing.T) {
	for _, text := range []string{
		"proxy_pass http://127.0.0.1:8080;", "https://example.org/a:b", "ssh://git@example.org:2222/x", "http://[::1]:8080/x@y",
		"Type your password: then press Enter", "password=$(cat /run/keys/x)", "PASSWORD_FILE=/run/x", "token: ${TOKEN}", "key = value",
		"github:NixOS/nixpkgs/nixos-26.05", "git+https://example.org/x?ref=main&dir=sub", "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
		"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ada@example.org",
		"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kudf6k0sqz6x7j5", "cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=",
		"--max-tokens=4096", "--token-file=/run/x", "prohibit-password",
	} {
		if spans := Spans(text); len(spans) > 0 {
			t.Errorf("in %q, %q is taken for a secret", text, text[spans[0].From:spans[0].To])
		}
	}
}

func FuzzSpans(f *testing.F) {
	for _, value := range shapesOfSecrets() {
		f.Add(value)
	}
	f.Add("password: |\n  a\n- x")
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range Spans(text) {
			if s.From < 0 || s.From > s.To || s.To > len(text) {
				t.Fatalf("%v of %d bytes", s, len(text))
			}
		}
		v := &Veil{}
		v.text(text)
		v.Text(text)
	})
}
