"""German, French, Spanish and Chinese basics: a glossary into the English words of the lexicon."""

from __future__ import annotations

import re

_TABLE = """
de starte=start starten=start beginne=begin beginnen=begin anfangen=start fange=start mach=do mache=do baue=build
  bauen=build implementieren=implement umsetzen=implement führe=run weiter=continue weitermachen=continue
  fortsetzen=resume stopp=stop stoppe=stop stoppen=stop halte=stop anhalten=stop beende=stop abbrechen=cancel
  pausiere=pause prüfe=verify prüfen=verify überprüfe=verify teste=test bericht=report zeige=show erkläre=explain
  warum=why wie=how was=what wer=who wann=when wo=where welche=which läuft=running blockiert=blocked bitte=please
  alles=everything alle=all ganze=whole komplette=whole gesamte=whole außer=except ausser=except ohne=without
  nicht=not kein=no keine=no nächste=next nächsten=next nächster=next und=and oder=or dann=then der=the die=the
  das=the den=the dem=the des=the ein=a eine=a einen=a mit=with an=on auf=on von=of für=for ist=is sind=are es=it
  steht=stand stehen=stand wir=we ich=I agent=agent agenten=agents hilfe=help ende=quit tschüss=bye beenden=quit
  zuerst=first nachrichten=message nachricht=message nutzer=user benutzer=user konto=account löschung=deletion
  löschen=delete passwort=password zurücksetzen=reset warenkorb=cart kasse=checkout zahlung=payment
  bezahlung=payment suche=search bestellung=order versand=shipping steuer=tax rabatt=discount bewertungen=reviews
  bilder=images doku=documentation dokumentation=documentation typ=type typen=type inferenz=inference müll=garbage
  speicher=memory sammler=collector datenbank=database anmeldung=login schnittstelle=interface aufgaben=task
  zerlegung=decomposition planer=scheduler fehler=error behandlung=handling verwaltung=management
  benachrichtigung=notification benachrichtigungen=notifications einstellungen=settings lasttest=load-test
  lasttests=load-test sprach=language paket=package einkaufs=shopping grundlagen=foundation fundament=foundation
  fertig=done offen=left noch=still gerade=now aktuell=now lexer=lexer bus=bus parser=parser server=server
  test=test tests=tests zeichen=character symbol=symbol tabelle=table
fr démarre=start démarrer=start demarre=start lance=start lancer=start commence=begin commencer=begin fais=do
  faire=do construis=build construire=build continue=continue continuer=continue reprends=resume arrête=stop
  arrete=stop arrêter=stop stoppe=stop annule=cancel vérifie=verify verifie=verify vérifier=verify teste=test
  rapport=report montre=show explique=explain pourquoi=why comment=how quoi=what qui=who quand=when où=where
  quel=which quelle=which bloqué=blocked bloquée=blocked tout=everything tous=all toutes=all toute=all
  entière=whole sauf=except sans=without pas=not ne=not suivant=next suivante=next prochain=next prochaine=next
  passe=go et=and ou=or puis=then le=the la=the les=the l=the un=a une=a des=the du=of de=of d=of à=to au=to
  avec=with pour=for est=is sont=are on=we en=of agent=agent agents=agents aide=help plaît=please s'il=please
  merci=thanks au-revoir=bye revoir=bye quitter=quit panier=cart paiement=payment recherche=search commande=order
  livraison=shipping taxe=tax avis=reviews codes=codes charge=load tests=test ramasse=garbage miettes=collector
  compte=account suppression=deletion mot-de-passe=password passe=password base-de-données=database
  analyseur=parser tâches=task bus=bus messages=message ordonnanceur=scheduler types=type inférence=inference
  fondations=foundation connexion=login profil=profile réglages=settings gestionnaire=manager paquets=package
es empieza=start empezar=start inicia=start iniciar=start arranca=start comienza=begin haz=do hacer=do
  construye=build continúa=continue continuar=continue sigue=continue reanuda=resume detén=stop deten=stop
  detener=stop para=for parar=stop cancela=cancel verifica=verify verificar=verify comprueba=verify prueba=test
  informe=report muestra=show explica=explain cómo=how qué=what quién=who cuándo=when dónde=where cuál=which
  bloqueado=blocked bloqueada=blocked va=going todo=everything todos=all todas=all toda=all entera=whole
  excepto=except menos=except salvo=except sin=without siguiente=next próximo=next próxima=next y=and o=or
  luego=then el=the la=the los=the las=the un=a una=a del=of de=of a=to con=with en=on es=is son=are agente=agent
  agentes=agents ayuda=help favor=please por=for gracias=thanks adiós=bye adios=bye salir=quit fase=phase
  carrito=cart compras=shopping pago=payment pagos=payment búsqueda=search pedido=order envío=shipping
  impuestos=tax mensajes=messages directos=direct recolector=collector basura=garbage analizador=parser
  tareas=task sintáctico=parser cuenta=account contraseña=password eliminación=deletion borrado=deletion
  base-de-datos=database planificador=scheduler tipos=type inferencia=inference documentación=documentation
  fundamentos=foundation cimientos=foundation inicio=login sesión=session perfil=profile ajustes=settings
  notificaciones=notification no=not
zh 运行=run 启动=start 开始=start 先做=do 做=do 构建=build 实现=implement 继续=continue 恢复=resume 停止=stop
  暂停=pause 取消=cancel 验证=verify 检查=verify 测试=test 报告=report 显示=show 解释=explain 为什么=why 什么=what
  谁=who 怎么样=how 怎么=how 如何=how 哪个=which 进度=progress 状态=status 全部=everything 所有=all
  一切=everything 除了=except 不要=don't 别=don't 下一个=next 下一步=next 请=please 和=and 的=of 代理=agents
  阶段=phase 帮助=help 退出=quit 再见=bye 购物车=cart 支付=payment 搜索=search 订单=order 类型=type 推断=inference
  垃圾=garbage 回收器=collector 回收=collector 解析器=parser 任务=task 消息=message 总线=bus 文档=documentation
  登录=login 用户=user 密码=password 数据库=database 调度器=scheduler 通知=notification 基础=foundation
  语言=language 服务器=server 第一=first 卡住=blocked 阻塞=blocked 了=
"""

#: Foreign words that are English words too: they are turned only beside a word that is not.
_COLLIDING = frozenset(
    "die was an on es a d l o y la un do menos continue charge passe test teste tests types codes la para no halte do"
    " agent agents bus offen typ base symbol lexer mach comment stoppe stopp en de des bericht messages"
    " recolector va le"
    " rapport dem et qui tout pas ne commence avis s'il mit pour du au son todo por".split()
)
_CJK = re.compile(r"[㐀-鿿]+")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


def _read() -> dict[str, dict[str, str]]:
    tables: dict[str, dict[str, str]] = {}
    for line in _TABLE.strip().splitlines():
        if not line.startswith(" "):
            language, _, line = line.partition(" ")
            table = tables.setdefault(language, {})
        for pair in line.split():
            foreign, _, english = pair.partition("=")
            table.setdefault(foreign.replace("-", " "), english.replace("-", " "))
    return tables


_TABLES = _read()


def to_english(text: str) -> str:
    """`text` (lower case) with known foreign words replaced by English ones; English text comes back unchanged."""
    text = _CJK.sub(_chinese, text)
    words = set(_WORD.findall(text.replace("l'", " ")))
    best, hits = "", 0
    for language in ("de", "fr", "es"):
        table = _TABLES[language]
        found = [word for word in words if word in table or (language == "de" and _compound(word, table))]
        clear = sum(1 for word in found if word not in _COLLIDING)
        if clear and clear * 10 + len(found) > hits:
            best, hits = language, clear * 10 + len(found)
    if not best:
        return text
    table = _TABLES[best]
    text = text.replace("l'", "l ").replace("d'", "d ").replace("qu'", "que ")
    return _WORD.sub(lambda m: table.get(m[0]) or (best == "de" and _compound(m[0], table)) or m[0], text)


def _compound(word: str, table: dict[str, str]) -> str:
    """The parts of a German compound in English, when every part is known; else empty."""
    if len(word) < 8 or word in table:
        return ""
    for cut in range(3, len(word) - 2):
        head, tail = word[:cut], word[cut:]
        first = table.get(head) or table.get(head.removesuffix("s"))
        if first and tail in table:
            return f"{first} {table[tail]}"
    return ""


def _chinese(run: re.Match[str]) -> str:
    table, text, out = _TABLES["zh"], run[0], []
    while text:
        size = next((n for n in range(min(4, len(text)), 0, -1) if text[:n] in table), 0)
        out.append(table[text[:size]] if size else text[0])
        text = text[size or 1 :]
    return " " + " ".join(out) + " "
