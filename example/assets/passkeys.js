// Passkeys need a script: only it may talk to the authenticator. Where there is none, pages show nothing of it.

const canUse = Boolean(window.PublicKeyCredential?.parseRequestOptionsFromJSON) && !/^[\d.]+$|:/.test(location.hostname)

async function post(path, body) {
  const answer = await fetch(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  const json = await answer.json()
  if (!answer.ok) throw new Error(json.error ?? 'That did not work.')
  return json
}

async function tell(place, work) {
  place.textContent = ''
  try {
    location.assign((await work()).next)
  } catch (error) {
    place.textContent = error.name === 'NotAllowedError' ? 'The passkey was not used.' : error.message
  }
}

const door = document.querySelector('.passkey')
if (door && canUse) {
  door.hidden = false
  door.querySelector('button').addEventListener('click', () =>
    tell(door.querySelector('.problem'), async () => {
      const options = await post('/api/passkeys/sign-in/options', {})
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options)
      const credential = await navigator.credentials.get({ publicKey })
      return post('/api/passkeys/sign-in', { response: credential.toJSON(), next: door.dataset.next })
    }),
  )
}

const form = document.querySelector('.passkey-new')
if (form && canUse) {
  form.hidden = false
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const { name, password } = Object.fromEntries(new FormData(form))
    void tell(form.querySelector('.problem'), async () => {
      const options = await post('/api/passkeys/options', { password })
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options)
      const credential = await navigator.credentials.create({ publicKey })
      return post('/api/passkeys', { response: credential.toJSON(), name })
    })
  })
}
