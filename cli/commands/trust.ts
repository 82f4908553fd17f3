/** How each system is told about a local authority. Nothing is done to the machine: what it trusts is its owner's to decide. */
export function trustHelp(file: string): string {
  return `Browsers believe the certificate once they trust its authority. Do this once;
it can sign for local names only, so it is no danger to other sites:

  macOS      sudo security add-trusted-cert -d -r trustRoot \\
               -k /Library/Keychains/System.keychain ${file}
  Windows    certutil -addstore -user Root ${file}
  Debian     sudo cp ${file} /usr/local/share/ca-certificates/bulwark.crt
             sudo update-ca-certificates
  Fedora     sudo trust anchor ${file}
  Chromium   on Linux: certutil -d sql:$HOME/.pki/nssdb -A -t C,, \\
               -n bulwark -i ${file}
  Firefox    Settings, Privacy & Security, View Certificates, Import
  Node.js    NODE_EXTRA_CA_CERTS=${file}`
}
