// The blog works without this script. It tells of new posts, and asks before something is deleted.

for (const form of document.querySelectorAll('form[data-confirm]')) {
  form.addEventListener('submit', (event) => {
    if (!confirm(form.dataset.confirm)) event.preventDefault()
  })
}

const live = document.querySelector('.live')
const socket = new WebSocket(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/live`)
socket.addEventListener('message', (event) => {
  const { post } = JSON.parse(event.data)
  if (!post) return
  const link = document.createElement('a')
  link.href = `/posts/${Number(post.id)}`
  link.textContent = post.title
  live.replaceChildren('New: ', link)
  live.hidden = false
})
