/** E-mails, and what became of them. */

export const en = {
  title: "The e-mail",
  states: {
    queued: "Waits",
    sending: "Being sent",
    sent: "Sent",
    deferred: "Put off",
    bounced: "Bounced",
    suppressed: "Suppressed",
    failed: "Given up",
  },
  from: (name: string) => `From ${name}`,
  twice: "May have arrived twice: the server's answer was lost.",
  drawn: (subject: string) => `The message: ${subject}`,
};

export const id: typeof en = {
  title: "Surelnya",
  states: {
    queued: "Menunggu",
    sending: "Sedang dikirim",
    sent: "Terkirim",
    deferred: "Ditunda",
    bounced: "Terpental",
    suppressed: "Ditahan",
    failed: "Menyerah",
  },
  from: (name) => `Dari ${name}`,
  twice: "Mungkin tiba dua kali: jawaban servernya hilang.",
  drawn: (subject) => `Isi surel: ${subject}`,
};
